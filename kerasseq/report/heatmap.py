"""An attention map as a small SVG: one path for each shade, and the weights for the pointer."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import Any

SHADES = 20
LABEL_LENGTH = 14
MOST_LABEL_SPACE = 108
LARGEST_CELL, SMALLEST_CELL = 26.0, 5.0
UPRIGHT_LENGTH = 2
SMALLEST_WITH_GRID = 10.0
MAP_WIDTH = 620.0


@dataclass(frozen=True)
class Heatmap:
    """What the template draws.

    Args:
        columns: The source tokens' labels.
        rows: The target tokens' labels.
        cell: The side of a cell in the picture's units.
        left: Space for the rows' labels.
        top: Space for the columns' labels.
        shades: (opacity, path) of the cells of each shade, in cells.
        largest: The largest weight, which is the darkest shade.
        weights: A byte a cell, row by row: 255 is `largest`; as base64.
        alignments: For each row its label, the column it looks at most, and the weight.
    """

    columns: list[str]
    rows: list[str]
    cell: float
    left: float
    top: float
    shades: list[tuple[float, str]]
    largest: float
    weights: str
    alignments: list[tuple[str, str, float]]

    @property
    def width(self) -> float:
        return round(self.left + len(self.columns) * self.cell + 2, 1)

    @property
    def height(self) -> float:
        return round(self.top + len(self.rows) * self.cell + 2, 1)

    @property
    def upright_length(self) -> int:
        """Column labels up to this length stand upright: none where most are words."""
        num_short = sum(len(label) <= UPRIGHT_LENGTH for label in self.columns)
        return UPRIGHT_LENGTH if 2 * num_short > len(self.columns) else 0

    @property
    def grid(self) -> str:
        """Lines between cells, in cells; none where cells are tiny."""
        if self.cell < SMALLEST_WITH_GRID:
            return ""
        across = (f"M{place} 0v{len(self.rows)}" for place in range(1, len(self.columns)))
        return "".join([*across, *(f"M0 {place}h{len(self.columns)}" for place in range(1, len(self.rows)))])

    @property
    def font_size(self) -> float:
        return round(min(13.0, self.cell * 0.62), 1)

    @property
    def size(self) -> int:
        """About how many bytes it adds to the page."""
        tokens = sum(map(len, [*self.columns, *self.rows]))
        return sum(len(path) for _, path in self.shades) + len(self.weights) + 4 * tokens


def heatmap(attention: dict[str, Any]) -> Heatmap | None:
    """Draws `{"source_tokens", "target_tokens", "weights"}`; None where there is nothing to draw."""
    columns = [visible(token) for token in attention.get("source_tokens", [])]
    rows = [visible(token) for token in attention.get("target_tokens", [])]
    weights = [_row(row, len(columns)) for row in attention.get("weights", [])][: len(rows)]
    rows = rows[: len(weights)]
    if not columns or not rows:
        return None
    largest = max(max(row) for row in weights) or 1.0
    cell = round(max(SMALLEST_CELL, min(LARGEST_CELL, MAP_WIDTH / len(columns))), 1)
    font_size = min(13.0, cell * 0.62)
    level = bytes(round(255 * weight / largest) for row in weights for weight in row)
    strongest = [max(range(len(columns)), key=row.__getitem__) for row in weights]
    return Heatmap(
        columns=[_cut(label) for label in columns],
        rows=[_cut(label) for label in rows],
        cell=cell,
        left=_space(rows, font_size) + 22,
        top=_space(columns, font_size) + 22,
        shades=_shades(level, len(columns)),
        largest=largest,
        weights=base64.b64encode(level).decode("ascii"),
        alignments=[
            (label, columns[place], row[place])
            for label, place, row in zip(rows, strongest, weights, strict=True)
        ],
    )


def visible(token: object) -> str:
    """A token that can be seen: a space as an open box."""
    text = str(token)
    return text.replace(" ", "␣").replace("\t", "⇥").replace("\n", "⏎") or "∅"


def _row(row: list[float], width: int) -> list[float]:
    """A row of `width` finite weights; padding after the tokens is cut off."""
    shown = [weight if math.isfinite(weight) and weight > 0 else 0.0 for weight in row[:width]]
    return shown + [0.0] * (width - len(shown))


def _cut(label: str) -> str:
    return label if len(label) <= LABEL_LENGTH else f"{label[: LABEL_LENGTH - 1]}…"


def _space(labels: list[str], font_size: float) -> float:
    """How much room labels need; wide scripts count double."""
    widths = [sum(1.0 if ord(letter) > 0x2E80 else 0.58 for letter in _cut(label)) for label in labels]
    return round(min(MOST_LABEL_SPACE, max(widths) * font_size + 12), 1)


def _shades(level: bytes, width: int) -> list[tuple[float, str]]:
    """Joins the cells of each shade into one path; neighbours in a row become one rectangle."""
    paths: dict[int, list[str]] = {}
    for start in range(0, len(level), width):
        row = [round(value * SHADES / 255) for value in level[start : start + width]]
        place = 0
        while place < width:
            run = 1
            while place + run < width and row[place + run] == row[place]:
                run += 1
            if row[place]:
                rectangle = f"M{place} {start // width}h{run}v1h-{run}z"
                paths.setdefault(row[place], []).append(rectangle)
            place += run
    return [(round(shade / SHADES, 2), "".join(cells)) for shade, cells in sorted(paths.items())]
