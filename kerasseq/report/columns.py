"""Text in aligned columns, for terminals without colours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

GAP = "  "


def aligned(rows: Iterable[Sequence[object]], *, right: Sequence[int] = ()) -> list[str]:
    """Lines in which every column begins at one place; wide characters take two.

    Args:
        rows: Cells from left to right; a row may have fewer than the others.
        right: The columns that end at one place instead: those of numbers.
    """
    texts = [[str(cell) for cell in row] for row in rows]
    widths = [
        max(cell_len(row[column]) for row in texts if column < len(row))
        for column in range(max(map(len, texts), default=0))
    ]
    lines = []
    for row in texts:
        cells = []
        for column, cell in enumerate(row):
            space = " " * (widths[column] - cell_len(cell))
            cells.append(space + cell if column in right else cell + space)
        lines.append(GAP.join(cells).rstrip())
    return lines
