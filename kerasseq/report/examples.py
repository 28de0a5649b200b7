"""Samples, the worst predictions, and how quality depends on length."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from statistics import mean
from typing import Any

from kerasseq.report import formatting
from kerasseq.report.charts import Chart, bar_chart
from kerasseq.report.classes import is_of_class
from kerasseq.report.differences import Piece, are_continuations, comparison_of
from kerasseq.report.heatmap import Heatmap, heatmap
from kerasseq.report.similarity import reference_of, similarity

NUM_SAMPLES = 20
NUM_WORST = 20
MOST_LETTERS = 1000
MOST_MAP_BYTES = 400_000
NUM_LENGTH_GROUPS = 6
FEWEST_FOR_CHARTS = 20

EXACT = 1.0


@dataclass(frozen=True)
class Example:
    """One test example as it is shown.

    Args:
        number: Its line in predictions.jsonl.
        input: What the model read.
        reference: What it should say; pieces that the prediction lacks are marked.
        prediction: What it says; pieces that the reference lacks are marked.
        similarity: 1 where both are the same.
        score: The model's own, or an empty text.
        map: Its attention, where there is one and there is room for it.
        has_no_room: Whether its attention was left out to keep the page small.
    """

    number: int
    input: str
    reference: list[Piece]
    prediction: list[Piece]
    similarity: float
    score: str
    map: Heatmap | None = None
    has_no_room: bool = False

    @property
    def is_exact(self) -> bool:
        return self.similarity == EXACT


def similarities(predictions: Sequence[dict[str, Any]]) -> list[float]:
    """How close each prediction is to its reference; a class, or a list of numbers, is right or wrong."""
    return [
        float(_text(line, "prediction") == _text(line, "reference"))
        if is_of_class(line) or isinstance(line.get("prediction"), list)
        else similarity(_text(line, "prediction"), _text(line, "reference"))
        for line in predictions
    ]


def example(predictions: Sequence[dict[str, Any]], place: int, *, like: float) -> Example:
    """One example without its attention."""
    line = predictions[place]
    compare = comparison_of(line)
    prediction, reference = compare(_cut(_text(line, "prediction")), _cut(_text(line, "reference")))
    score = line.get("score")
    shown = formatting.number(score).replace("-", "−") if isinstance(score, (int, float)) else ""
    return Example(place + 1, _cut(_text(line, "input")), reference, prediction, like, shown)


def samples(predictions: Sequence[dict[str, Any]], likenesses: Sequence[float]) -> list[Example]:
    """The first examples, with attention maps as long as they fit."""
    found, room = [], MOST_MAP_BYTES
    for place in range(min(NUM_SAMPLES, len(predictions))):
        made = example(predictions, place, like=likenesses[place])
        attention = predictions[place].get("attention") or {}
        num_cells = len(attention.get("source_tokens", ())) * len(attention.get("target_tokens", ()))
        drawn = heatmap(attention) if num_cells <= room else None
        fits = drawn is not None and drawn.size <= room
        found.append(
            replace(
                made,
                map=drawn if fits else None,
                has_no_room=num_cells > room or (drawn is not None and not fits),
            )
        )
        room -= drawn.size if fits else 0
    return found


def worst(predictions: Sequence[dict[str, Any]], likenesses: Sequence[float]) -> list[Example]:
    """The wrong examples that are least like their references, the worst first: of classes, the surest."""
    if are_continuations(predictions):
        return []
    wrong = [place for place, like in enumerate(likenesses) if like < EXACT]
    chosen = sorted(wrong, key=lambda place: (likenesses[place], -_certainty(predictions[place])))[:NUM_WORST]
    return [example(predictions, place, like=likenesses[place]) for place in chosen]


def quality_charts(predictions: Sequence[dict[str, Any]], likenesses: Sequence[float]) -> list[Chart]:
    """How similarities spread, and how they fall with length."""
    if len(predictions) < FEWEST_FOR_CHARTS or are_continuations(predictions):
        return []
    if is_of_class(predictions[0]):
        return [_by_length(predictions, likenesses, title="Accuracy by input length", y_label="right, %")]
    return [_spread(likenesses), _by_length(predictions, likenesses)]


def length_ratio(predictions: Sequence[dict[str, Any]]) -> float | None:
    """Letters of all predictions for each letter of the references; None of classes."""
    if predictions and is_of_class(predictions[0]):
        return None
    wanted = sum(len(_text(line, "reference")) for line in predictions)
    return sum(len(_text(line, "prediction")) for line in predictions) / wanted if wanted else None


def _spread(likenesses: Sequence[float]) -> Chart:
    counts = [0] * 11
    for like in likenesses:
        counts[min(int(like * 10), 9) if like < EXACT else 10] += 1
    total = f"of {len(likenesses):,} examples"
    bars = [
        (f"{10 * ten}", counts[ten], f"{10 * ten} to {10 * ten + 10} %: {counts[ten]:,} {total}")
        for ten in range(10)
    ]
    bars.append(("exact", counts[10], f"exactly the reference: {counts[10]:,} {total}"))
    return bar_chart(
        bars, title="How close predictions are", x_label="similarity, from this many %", y_label="examples"
    )


def _by_length(
    predictions: Sequence[dict[str, Any]],
    likenesses: Sequence[float],
    *,
    title: str = "Similarity by input length",
    y_label: str = "mean similarity, %",
) -> Chart:
    has_words = mean(len(_text(line, "input").split()) for line in predictions) >= 4
    unit = "words" if has_words else "characters"
    measured = sorted(
        (len(text.split()) if has_words else len(text), like)
        for text, like in zip((_text(line, "input") for line in predictions), likenesses, strict=True)
    )
    bars = []
    for group in _groups(measured):
        low, high = group[0][0], group[-1][0]
        value = mean(like for _, like in group) * 100
        label = str(low) if low == high else f"{low}–{high}"
        bars.append((label, value, f"{value:.1f} %, {len(group):,} examples of {label} {unit}"))
    return bar_chart(
        bars,
        title=title,
        x_label=f"input length in {unit}",
        y_label=y_label,
    )


def _groups(measured: list[tuple[int, float]]) -> list[list[tuple[int, float]]]:
    """About equal shares, from short to long; examples of one length stay together."""
    groups: list[list[tuple[int, float]]] = []
    for _, alike in groupby(measured, key=lambda pair: pair[0]):
        if groups and len(groups[-1]) < len(measured) / NUM_LENGTH_GROUPS:
            groups[-1].extend(alike)
        else:
            groups.append(list(alike))
    return groups


def _certainty(line: dict[str, Any]) -> float:
    """How sure a model is of a class, which makes a mistake worse; texts have no such number."""
    return float(line["score"]) if is_of_class(line) else 0.0


def _text(line: dict[str, Any], key: str) -> str:
    return reference_of(line) if key == "reference" else str(line.get(key, ""))


def _cut(text: str) -> str:
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]} …"
