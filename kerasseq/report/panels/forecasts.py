"""Forecasts beside what came, and how they get worse with every step."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from kerasseq.registry import register
from kerasseq.report.charts import Chart, line_chart
from kerasseq.report.forecasts import is_forecast, of_target
from kerasseq.report.panel import Panel
from kerasseq.report.run_files import RunFiles

NUM_WINDOWS = 6
SEASONS_BEFORE = 2  # horizons of history that stand before a forecast
FEWEST_BEFORE, MOST_BEFORE = 12, 96

Line = Mapping[str, Any]
Past = dict[str, dict[str, Any]]  # for each series what came at each date


@register("panel")
def panel(run: RunFiles) -> Panel | None:
    """Some forecasts, spread over all that there are, and the mean error of each step."""
    lines = [line for line in run.predictions if is_forecast(line) and isinstance(line["reference"], list)]
    if not lines:
        return None
    past = _past(lines)
    windows = [_window(lines[place], past, number) for number, place in enumerate(_spread(len(lines)))]
    levels = list(lines[0].get("quantiles", {}))
    content = {
        "windows": [chart for chart in windows if chart is not None],
        "steps": [chart for chart in _errors_by_step(lines, past) if chart is not None],
        "levels": levels if len(levels) > 1 else [],
        "number": len(lines),
    }
    return Panel("Forecasts", content, replaces_samples=True)


def _past(lines: Sequence[Line]) -> Past:
    """What came, put together from the references of all windows."""
    past: Past = {}
    for line in lines:
        past.setdefault(line["series"], {}).update(zip(line["dates"], line["reference"], strict=True))
    return past


def _spread(number: int) -> list[int]:
    """Places from about the first to about the last; the very first has nothing before it."""
    count = min(NUM_WINDOWS, number)
    return [min(number - 1, round((place + 0.5) * number / count)) for place in range(count)]


def _window(line: Line, past: Past, number: int) -> Chart | None:
    targets = line.get("targets") or [""]
    target = number % len(targets)
    horizon = len(line["dates"])
    most = min(max(SEASONS_BEFORE * horizon, FEWEST_BEFORE), MOST_BEFORE)
    earlier = sorted(date for date in past[line["series"]] if date < line["dates"][0])[-most:]
    before = of_target([past[line["series"]][date] for date in earlier], target)
    rows: list[dict[str, Any]] = [
        {"step": step - len(before) + 1, "actual": value} for step, value in enumerate(before)
    ]
    forecast, came = (of_target(line[key], target) for key in ("prediction", "reference"))
    quantiles = {level: of_target(found, target) for level, found in line.get("quantiles", {}).items()}
    for step in range(horizon):
        row = {"step": step + 1, "actual": came[step], "forecast": forecast[step]}
        rows.append(row | {level: found[step] for level, found in quantiles.items()})
    levels = sorted(quantiles, key=float)
    return line_chart(
        rows,
        {"actual": ("what came", "neutral"), "forecast": ("forecast", "validation")},
        title=" · ".join(filter(None, [str(line["input"]), targets[target]])),
        y_label=targets[target] or "value",
        x="step",
        x_label="steps from where the forecast begins",
        bands=[(levels[place], levels[-1 - place]) for place in range(len(levels) // 2)],
    )


def _errors_by_step(lines: Sequence[Line], past: Past) -> list[Chart | None]:
    """For each target the mean absolute error of each step, and of repeating the last value."""
    targets = lines[0].get("targets") or [""]
    charts = []
    for target, name in enumerate(targets):
        rows = []
        for step in range(len(lines[0]["dates"])):
            errors, naive = [], []
            for line in lines:
                came = of_target(line["reference"], target)[step]
                if came is None:
                    continue
                errors.append(abs(of_target(line["prediction"], target)[step] - came))
                last = of_target([past[line["series"]].get(_origin(line))], target)[0]
                naive += [] if last is None else [abs(last - came)]
            rows.append({"step": step + 1, "mae": _mean(errors), "naive": _mean(naive)})
        charts.append(
            line_chart(
                rows,
                {"mae": ("forecast", "validation"), "naive": ("the last value repeated", "muted-line")},
                title=f"Error by step{f', {name}' if name else ''}",
                y_label="mean absolute error",
                x="step",
                x_label="step",
                from_zero=True,
            )
        )
    return charts


def _origin(line: Line) -> str:
    """The date of the last row before a forecast, which its name ends with."""
    return str(line["input"]).removeprefix(f"{line['series']} ")


def _mean(values: Sequence[float]) -> float | None:
    return math.fsum(values) / len(values) if values else None
