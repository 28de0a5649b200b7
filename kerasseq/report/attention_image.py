"""Where an answer looked, as a small picture that is drawn quickly, for whoever watches a training."""

from __future__ import annotations

import base64
import io
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from kerasseq.report.heatmap import visible

CELL_INCHES = 0.22
SMALLEST_INCHES, LARGEST_INCHES = 0.8, 9.0
LEFT_INCHES, TOP_INCHES, EDGE_INCHES = 0.9, 0.7, 0.1
MOST_LABELS = 40
MOST_LETTERS = 12
DPI = 80
GAP = 1  # cells between the maps of two words


def attention_image(answer: Mapping[str, Any]) -> bytes | None:
    """A PNG of the attention that a detailed answer has; None where it has none.

    Args:
        answer: A row of what a task presents in detail: a map of tokens (`attention`), the places of a
            picture that each word looked at (`seen`), the frames of a recording (`heard`), or steps of a
            sequence (`attention_over_time`).
    """
    attention = answer.get("attention") or {}
    if attention.get("weights"):
        return _drawn(attention["weights"], attention["source_tokens"], attention["target_tokens"])
    if steps := answer.get("attention_over_time"):
        return _drawn([steps], list(map(str, range(1, len(steps) + 1))), [str(answer["prediction"])])
    if link := (answer.get("heard") or {}).get("weights"):
        return base64.b64decode(link.partition(",")[2])
    seen = answer.get("seen") or {}
    return _places(seen["weights"], seen["grid"], seen["words"]) if seen.get("weights") else None


def _places(weights: Sequence[Sequence[float]], grid: Sequence[int], words: Sequence[str]) -> bytes:
    """The map of each word beside that of the one before it."""
    rows, columns = grid
    width = columns + GAP
    tiled = np.full((rows, len(words) * width - GAP), np.nan)
    labels = [""] * tiled.shape[1]
    for place, (word, row) in enumerate(zip(words, weights, strict=True)):
        tiled[:, place * width : place * width + columns] = np.reshape(row, (rows, columns))
        labels[place * width + columns // 2] = word
    return _drawn(tiled, labels, [""] * rows)


def _drawn(weights: Any, columns: Sequence[str], rows: Sequence[str]) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    values = np.asarray(weights, "float64")[: len(rows), : len(columns)]
    inside = [min(max(CELL_INCHES * size, SMALLEST_INCHES), LARGEST_INCHES) for size in values.shape[::-1]]
    width, height = inside[0] + LEFT_INCHES + EDGE_INCHES, inside[1] + TOP_INCHES + EDGE_INCHES
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white")
    canvas = FigureCanvasAgg(figure)
    box = (LEFT_INCHES / width, EDGE_INCHES / height, inside[0] / width, inside[1] / height)
    axes = figure.add_axes(box)
    axes.imshow(values, cmap="Blues", vmin=0.0, aspect="auto", interpolation="nearest")
    places, labels = _labels(columns)
    axes.set_xticks(places, labels, fontsize=7, rotation=60, ha="left", rotation_mode="anchor")
    places, labels = _labels(rows)
    axes.set_yticks(places, labels, fontsize=7)
    axes.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
    file = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")  # shown as a box
        canvas.print_png(file)
    return file.getvalue()


def _labels(tokens: Sequence[str]) -> tuple[list[int], list[str]]:
    """Which places bear a label, few enough to be read, and what it says."""
    named = [place for place, token in enumerate(tokens) if token]
    chosen = named[:: max(-(-len(named) // MOST_LABELS), 1)]
    texts = [visible(tokens[place]).replace("$", r"\$") for place in chosen]
    return chosen, [text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…" for text in texts]
