"""Recordings with what was heard in them, and when."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from kerasseq.registry import register
from kerasseq.report.differences import Piece, differences
from kerasseq.report.heatmap import visible
from kerasseq.report.panel import Panel
from kerasseq.report.run_files import RunFiles

WIDTH = 760.0
TOKEN_SPACE = 7.5
ROW_HEIGHT = 13.0
MOST_CONFUSIONS = 12
COUNTS = {"substitutions": "substituted", "deletions": "left out", "insertions": "added"}


class Spoken(NamedTuple):
    """A recording of the test split.

    Args:
        name: Its file's.
        seconds: How long it is.
        said: The transcript's pieces, and those of the reference.
        right: Alike.
        spectrogram: A link that holds the picture.
        places: Each token with where it stands along the picture, or its row where a decoder looked.
        looks: A link that holds where each token looked, a row each; "" with CTC.
        height: Of the rows of `looks`.
    """

    name: str
    seconds: float
    said: list[Piece]
    right: list[Piece]
    spectrogram: str
    places: list[tuple[str, float]]
    looks: str
    height: float


@register("panel")
def panel(run: RunFiles) -> Panel | None:
    """The recordings that were answered in detail; nothing of a run that has none."""
    spoken = [_spoken(line) for line in run.predictions if isinstance(line.get("heard"), Mapping)]
    if not spoken:
        return None
    content = {
        "recordings": spoken,
        "errors": _errors(run.metrics),
        "width": WIDTH,
        "row_height": ROW_HEIGHT,
        "num_others": len(run.predictions) - len(spoken),
    }
    return Panel("Recordings", content)


def _spoken(line: Mapping[str, Any]) -> Spoken:
    heard = line["heard"]
    tokens = [visible(token) for token in heard.get("tokens") or []]
    seconds = float(line.get("seconds") or 0.0)
    references = line.get("reference") or ""
    reference = references[0] if isinstance(references, list) and references else str(references)
    said, right = differences(str(line.get("prediction", "")), reference)
    looks = str(heard.get("weights") or "")
    if looks:
        places = [(token, (row + 0.8) * ROW_HEIGHT) for row, token in enumerate(tokens)]
    else:
        places = _apart(tokens, heard.get("seconds") or [], seconds)
    return Spoken(
        name=str(line.get("input", "")).replace("\\", "/").rpartition("/")[2],
        seconds=seconds,
        said=said,
        right=right,
        spectrogram=str(heard.get("spectrogram", "")),
        places=places,
        looks=looks,
        height=round(len(tokens) * ROW_HEIGHT, 1),
    )


def _apart(tokens: list[str], times: list[float], seconds: float) -> list[tuple[str, float]]:
    """Each token at its time, moved to the right where it would stand on the one before."""
    places: list[tuple[str, float]] = []
    free = 0.0
    for token, time in zip(tokens, times, strict=False):
        place = max(time / max(seconds, 1e-9) * WIDTH, free)
        free = place + TOKEN_SPACE * max(len(token), 1)
        places.append((token, round(place, 1)))
    return places


def _errors(metrics: Mapping[str, Any]) -> dict[str, Any] | None:
    """What was wrong with the words of the split that is shown, if it was counted."""
    details = metrics.get("details") or {}
    found = ((details.get("test") or details.get("validation") or {}).get("word_errors")) or {}
    if not found:
        return None
    counts = [(how, int(found.get(name, 0))) for name, how in COUNTS.items()]
    return {"counts": counts, "confusions": (found.get("confusions") or [])[:MOST_CONFUSIONS]}
