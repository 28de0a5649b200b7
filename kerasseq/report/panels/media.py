"""Recordings, pictures and videos with their classes, and where the network looked or listened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any, NamedTuple

from kerasseq.registry import register
from kerasseq.report.charts import HEIGHT, WIDTH
from kerasseq.report.classes import is_of_class, reliability_chart
from kerasseq.report.panel import Panel
from kerasseq.report.run_files import RunFiles, predicted_split

TITLES = {"waveform": "Recordings", "picture": "Pictures", "frames": "Videos"}
MOST_MISTAKES = 20


class Shown(NamedTuple):
    """An example of the test split, as the network saw or heard it.

    Args:
        name: Its file's, with its folder's.
        reference: Its class.
        prediction: What the network takes it for, and `share`, how probable that is.
        share: From 0 to 1.
        medium: What there is to show: `waveform`, `frames` or `picture`.
        weights: How much of each step is in the answer, the largest being 1; none without attention.
    """

    name: str
    reference: str
    prediction: str
    share: float
    medium: Mapping[str, Any]
    weights: list[float]

    @property
    def is_right(self) -> bool:
        return self.prediction == self.reference

    @property
    def wave(self) -> str:
        """The outline of a waveform of unit width, from -1 to 1, as a path."""
        peaks = self.medium.get("waveform") or [0.0]
        places = [round((place + 0.5) / len(peaks), 4) for place in range(len(peaks))]
        above = [f"{place} {-peak}" for place, peak in zip(places, peaks, strict=True)]
        below = [f"{place} {peak}" for place, peak in zip(places, peaks, strict=True)]
        return f"M0 0L{'L'.join(above)}L1 0L{'L'.join(reversed(below))}z"

    def weight(self, number: int) -> float:
        """That of a frame, counted from 1; 0 without attention."""
        return self.weights[number - 1] if number <= len(self.weights) else 0.0


@register("panel")
def panel(run: RunFiles) -> Panel | None:
    """The examples that were answered in detail, and the mistakes that the network is surest of."""
    lines = [line for line in run.predictions if isinstance(line.get("shown"), Mapping) and is_of_class(line)]
    if not lines:
        return None
    examples = [_shown(line) for line in lines]
    details = (run.metrics.get("details") or {}).get(predicted_split(run)) or {}
    mistakes = [_shown(line) for line in run.predictions if line.get("prediction") != line.get("reference")]
    content = {
        "examples": examples,
        "has_attention": any(example.weights for example in examples),
        "num_others": len(run.predictions) - len(lines),
        "num_right": len(run.predictions) - len(mistakes),
        "num_all": len(run.predictions),
        "mistakes": sorted(mistakes, key=lambda mistake: -mistake.share)[:MOST_MISTAKES],
        "charts": reliability_chart(details),
        "width": WIDTH,
        "height": HEIGHT,
    }
    return Panel(_title(lines), content, replaces_samples=True)


def _title(lines: Sequence[Mapping[str, Any]]) -> str:
    return next((title for key, title in TITLES.items() if key in lines[0]["shown"]), "Examples")


def _shown(line: Mapping[str, Any]) -> Shown:
    weights = [max(float(weight), 0.0) for weight in line.get("attention_over_time") or ()]
    largest = max(weights, default=0.0) or 1.0
    return Shown(
        name="/".join(PurePath(str(line.get("input", ""))).parts[-2:]),
        reference=str(line.get("reference", "")),
        prediction=str(line.get("prediction", "")),
        share=float(line.get("score") or 0.0),
        medium=line.get("shown") or {},
        weights=[round(weight / largest, 3) for weight in weights],
    )
