"""An attention map as a PNG file."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from kerasseq.report.heatmap import visible
from kerasseq.run_folder import write_whole

FONTS = (
    "DejaVu Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Arial",
)
CELL_INCHES = 0.3
LARGEST_INCHES = 14.0
DPI = 160


def attention_picture(example: dict[str, Any], path: Path) -> None:
    """Draws the attention map of one line of predictions.jsonl.

    Args:
        example: Has "attention": source tokens, target tokens, and a row of weights for each target token.
        path: The PNG file to write.
    Raises:
        ValueError: If the example has no attention map.
    """
    attention = example.get("attention") or {}
    if not attention.get("weights"):
        raise ValueError(
            "`example` must have an attention map, as the first lines of predictions.jsonl have where the "
            f"model has attention. Received: example with the keys {', '.join(map(repr, example)) or 'none'}"
        )
    from matplotlib import font_manager, rc_context

    installed = {font.name for font in font_manager.fontManager.ttflist}
    with (
        rc_context({"font.family": [font for font in FONTS if font in installed]}),
        warnings.catch_warnings(),
    ):
        warnings.filterwarnings("ignore", message=r"Glyph .* missing from")  # shown as a box
        figure = _figure(attention)
        write_whole(Path(path), lambda fresh: figure.savefig(fresh, format="png", dpi=DPI))


def _figure(attention: dict[str, Any]) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    columns = [visible(token) for token in attention["source_tokens"]]
    rows = [visible(token) for token in attention["target_tokens"]]
    weights = [list(row)[: len(columns)] for row in attention["weights"][: len(rows)]]
    width = min(LARGEST_INCHES, CELL_INCHES * len(columns) + 2.0)
    height = min(LARGEST_INCHES, CELL_INCHES * len(rows) + 1.2)
    figure = Figure(figsize=(width, height), layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    image = axes.imshow(weights, cmap="Blues", vmin=0.0, aspect="equal", interpolation="nearest")
    axes.set_xticks(range(len(columns)), columns)
    for label in axes.get_xticklabels():
        if len(label.get_text()) > 2:
            label.set(rotation=45, ha="left", rotation_mode="anchor")
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xlabel("source")
    axes.set_ylabel("prediction")
    axes.xaxis.set_label_position("top")
    axes.tick_params(top=True, bottom=False, labeltop=True, labelbottom=False, length=0)
    axes.set_xticks([place + 0.5 for place in range(len(columns) - 1)], minor=True)
    axes.set_yticks([place + 0.5 for place in range(len(rows) - 1)], minor=True)
    axes.tick_params(which="minor", length=0)
    axes.grid(which="minor", color="#e8e8e8", linewidth=0.6)
    for side in axes.spines.values():
        side.set_color("#cccccc")
    bar = figure.colorbar(image, ax=axes, shrink=0.8, pad=0.02, aspect=18)
    bar.set_label("attention weight")
    bar.outline.set_visible(False)
    return figure
