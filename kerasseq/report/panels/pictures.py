"""Pictures with what was said of them, and where each word looked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kerasseq.registry import register
from kerasseq.report.panel import Panel
from kerasseq.report.run_files import RunFiles

NUM_SHADES = 6
DARKEST = 0.8


class Look(NamedTuple):
    """A word, and what lies dark over the picture while it is written: opacities with their cells."""

    word: str
    shades: list[tuple[float, str]]


class Captioned(NamedTuple):
    """A picture of the test split; `name` is its file's, `source` holds its pixels, if they are kept."""

    name: str
    source: str
    caption: str
    references: list[str]
    rows: int
    columns: int
    looks: list[Look]


@register("panel")
def panel(run: RunFiles) -> Panel | None:
    """The pictures whose captions were made in detail; nothing of a run that has none."""
    pictures = [_captioned(line) for line in run.predictions if isinstance(line.get("seen"), Mapping)]
    if not pictures:
        return None
    has_looks = any(picture.looks for picture in pictures)
    content = {
        "pictures": pictures,
        "has_looks": has_looks,
        "num_others": len(run.predictions) - len(pictures),
    }
    return Panel("Pictures", content, replaces_samples=True)


def _captioned(line: Mapping[str, Any]) -> Captioned:
    seen = line["seen"]
    rows, columns = seen.get("grid") or (1, 1)
    references = line.get("reference") or []
    return Captioned(
        name=str(line.get("input", "")).replace("\\", "/").rpartition("/")[2],
        source=str(seen.get("picture", "")),
        caption=str(line.get("prediction", "")),
        references=references if isinstance(references, list) else [str(references)],
        rows=rows,
        columns=columns,
        looks=[
            Look(str(word), _shades(weights, columns))
            for word, weights in zip(seen.get("words") or [], seen.get("weights") or [], strict=False)
        ],
    )


def _shades(weights: Sequence[float], columns: int) -> list[tuple[float, str]]:
    """Each opacity with its cells as one path: the less a place was looked at, the darker it is."""
    largest = max(weights, default=0.0) or 1.0
    cells: dict[int, list[str]] = {}
    for place, weight in enumerate(weights):
        shade = round(NUM_SHADES * (1 - max(weight, 0.0) / largest))
        if shade:
            row, column = divmod(place, columns)
            cells.setdefault(shade, []).append(f"M{column} {row}h1v1h-1z")
    return [
        (round(DARKEST * shade / NUM_SHADES, 2), "".join(paths)) for shade, paths in sorted(cells.items())
    ]
