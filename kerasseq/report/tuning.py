"""`report.html` of a study: how its trials did, and where in the space they lie."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasseq.report import formatting
from kerasseq.report.charts import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Chart, Line, line_chart
from kerasseq.report.page import templates
from kerasseq.report.scales import Scale, Tick
from kerasseq.run_folder import write_text
from kerasseq.specs import lower_is_better

SHOWN = {"complete": "", "pruned": "cut short", "fail": "failed"}


def write_tuning_report(path: Path, *, name: str, monitor: str, trials: Sequence[Mapping[str, Any]]) -> None:
    """Writes the report of a study.

    Args:
        path: The HTML file.
        name: The recipe's.
        monitor: What is to be best.
        trials: For each its `number`, `state`, `values` by key, `result` or None, and `problem`.
    """
    write_text(path, render(name=name, monitor=monitor, trials=trials))


def render(*, name: str, monitor: str, trials: Sequence[Mapping[str, Any]]) -> str:
    """The whole page."""
    sign = 1 if lower_is_better(monitor) else -1
    through = [trial for trial in trials if trial["state"] == "complete" and math.isfinite(trial["result"])]
    ranked = sorted(through, key=lambda trial: sign * trial["result"])
    keys = list(dict.fromkeys(key for trial in trials for key in trial["values"]))
    others = [trial for trial in trials if trial not in ranked]
    rows = [
        {
            "number": trial["number"],
            "result": formatting.metric(monitor, trial["result"]),
            "values": [formatting.metric(key, trial["values"].get(key)) for key in keys],
            "state": trial["problem"] or SHOWN.get(trial["state"], trial["state"]),
        }
        for trial in [*ranked, *others]
    ]
    return (
        templates()
        .get_template("tuning.html")
        .render(
            name=name,
            monitor=formatting.title(monitor),
            best=rows[0] if ranked else None,
            keys=keys,
            rows=rows,
            counts=[(SHOWN[state] or "came through", count) for state, count in _counts(trials)],
            charts=[*_course(through, monitor, sign), *(_scatter(through, key, monitor) for key in keys)]
            if through
            else [],
            width=WIDTH,
            height=HEIGHT,
        )
    )


def _counts(trials: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, int]]:
    for state in SHOWN:
        count = sum(trial["state"] == state for trial in trials)
        if count:
            yield state, count


def _course(through: Sequence[Mapping[str, Any]], monitor: str, sign: int) -> list[Chart]:
    """The best result so far, trial by trial."""
    best, rows = math.inf, []
    for trial in sorted(through, key=lambda trial: trial["number"]):
        best = min(best, sign * trial["result"])
        rows.append({"trial": trial["number"], monitor: trial["result"], "best": sign * best})
    columns = {monitor: ("trial", "neutral"), "best": ("best so far", "training")}
    label = formatting.title(monitor)
    found = line_chart(
        rows, columns, title=f"{label}, trial by trial", y_label=label, x="trial", x_label="trial"
    )
    return [] if found is None else [found]


def _scatter(through: Sequence[Mapping[str, Any]], key: str, monitor: str) -> Chart:
    """Each trial's result over its value of a key; words stand side by side."""
    values = [trial["values"][key] for trial in through]
    are_numbers = all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in values)
    if are_numbers:
        across = Scale(values, start=LEFT + 8, end=WIDTH - RIGHT - 8, may_be_logarithmic=True)
        places, ticks = [across(value) for value in values], across.ticks()
    else:
        words = sorted({str(value) for value in values})
        step = (WIDTH - LEFT - RIGHT) / len(words)
        ticks = [Tick(round(LEFT + step * (place + 0.5), 1), word) for place, word in enumerate(words)]
        places = [ticks[words.index(str(value))].place for value in values]
    y = Scale([trial["result"] for trial in through], start=HEIGHT - BOTTOM, end=TOP, rounded=True)
    dots = [(place, y(trial["result"])) for place, trial in zip(places, through, strict=True)]
    label = formatting.title(monitor)
    line = Line("a trial", "training", "", dots, f"{len(dots)} trials")
    return Chart(f"{label} by {key}", key, label, ticks, y.ticks(), lines=[line])
