"""Charts as geometry: what the page's template draws as SVG."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kerasseq.report import formatting
from kerasseq.report.scales import Scale, Tick
from kerasseq.specs import lower_is_better

WIDTH, HEIGHT = 420, 220
LEFT, RIGHT, TOP, BOTTOM = 60, 14, 14, 36
MOST_POINTS = 300
MOST_DOTS = 16

History = Sequence[Mapping[str, float | None]]


@dataclass(frozen=True)
class Line:
    """One curve: its name and colour word, `M x y L x y ...`, its dots, and its last value."""

    name: str
    colour: str
    path: str
    dots: list[tuple[float, float]]
    last: str


@dataclass(frozen=True)
class Bar:
    """One bar: where it stands, what stands below and above it, and what the pointer shows."""

    x: float
    y: float
    width: float
    height: float
    label: str
    value: str
    hover: str


@dataclass(frozen=True)
class Chart:
    """A chart with its axes; `values` is what the pointer shows, as JSON."""

    title: str
    x_label: str
    y_label: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    lines: list[Line] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    best: tuple[float, float, str] | None = None
    values: str = ""
    bands: list[str] = field(default_factory=list)

    @property
    def summary(self) -> str:
        """The chart in words."""
        parts = [f"{line.name} ends at {line.last}" for line in self.lines]
        parts += [f"{bar.label}: {bar.hover}" for bar in self.bars]
        return f"{self.title}. {'; '.join(parts)}."


def line_chart(
    history: History,
    columns: Mapping[str, tuple[str, str]],
    *,
    title: str,
    y_label: str,
    best: str | None = None,
    from_zero: bool = False,
    x: str = "epoch",
    x_label: str = "epoch",
    span: Sequence[float] = (),
    bands: Sequence[tuple[str, str]] = (),
) -> Chart | None:
    """Curves over epochs, or None where none of the columns was measured.

    Args:
        history: A row an epoch.
        columns: For each column of the history, the curve's name and colour word.
        title: Above the chart.
        y_label: Beside the vertical axis.
        best: The column whose best value is pointed out.
        from_zero: Whether the vertical axis begins at 0, unless it counts in powers of ten.
        x: The column that runs from left to right; a row without it is counted.
        x_label: Below the horizontal axis, and before its value at the pointer.
        span: Values that the vertical axis has room for besides the curves'.
        bands: Pairs of columns between which the chart is shaded, the widest first.
    """
    rows = [(number if row.get(x) is None else int(row[x]), row) for number, row in enumerate(history, 1)]
    points = {name: _points(rows, name) for name in columns}
    points = {name: found for name, found in points.items() if found}
    if not points:
        return None
    every = [point for found in points.values() for point in found]
    across = Scale([place for place, _ in every], start=LEFT, end=WIDTH - RIGHT, whole=True)
    edges = {name: _points(rows, name) for pair in bands for name in pair}
    y = Scale(
        [*span, *(value for found in edges.values() for _, value in found), *(value for _, value in every)],
        start=HEIGHT - BOTTOM,
        end=TOP,
        may_be_logarithmic=True,
        from_zero=from_zero,
        rounded=True,
    )
    return Chart(
        title=title,
        x_label=x_label,
        y_label=f"{y_label}, powers of ten" if y.is_logarithmic else y_label,
        x_ticks=_ticks(across, every),
        y_ticks=y.ticks(),
        lines=[_line(*columns[name], name, found, across, y) for name, found in points.items()],
        best=_best(best, points[best], across, y) if best in points and len(points[best]) > 1 else None,
        values=_values(columns, points, across, y),
        bands=[_band(edges[low], edges[high], across, y) for low, high in bands if edges[low]],
    )


def bar_chart(bars: Sequence[tuple[str, float, str]], *, title: str, x_label: str, y_label: str) -> Chart:
    """Bars from left to right, each as (label, value, what the pointer shows)."""
    y = Scale(
        [0.0, *(value for _, value, _ in bars)], start=HEIGHT - BOTTOM, end=TOP, from_zero=True, rounded=True
    )
    slot = (WIDTH - LEFT - RIGHT) / len(bars)
    width = round(min(slot * 0.8, 48), 1)
    made = []
    for place, (label, value, hover) in enumerate(bars):
        top = y(value)
        x = round(LEFT + slot * (place + 0.5) - width / 2, 1)
        shown = f"{value:,}" if isinstance(value, int) else f"{value:.1f}"
        made.append(Bar(x, top, width, round(HEIGHT - BOTTOM - top, 1), label, shown, hover))
    ticks = [Tick(round(bar.x + bar.width / 2, 1), bar.label) for bar in made]
    return Chart(title, x_label, y_label, ticks, y.ticks(), bars=made)


def _points(rows: list[tuple[int, Mapping[str, float | None]]], name: str) -> list[tuple[int, float]]:
    """The finite values of a column, thinned to what can be told apart; first and last stay."""
    found = [
        (place, row[name]) for place, row in rows if row.get(name) is not None and math.isfinite(row[name])
    ]
    stride = math.ceil(len(found) / MOST_POINTS)
    return found if stride <= 1 else [*found[:-1:stride], found[-1]]


def _ticks(x: Scale, points: list[tuple[int, float]]) -> list[Tick]:
    places = {place for place, _ in points}
    if len(places) == 1:
        return [Tick(x(place), str(place)) for place in places]
    return x.ticks(6)


def _line(name: str, colour: str, column: str, points: list[tuple[int, float]], x: Scale, y: Scale) -> Line:
    places = [(x(epoch), y(value)) for epoch, value in points]
    path = "M" + "L".join(f"{across:g} {down:g}" for across, down in places)
    last = formatting.metric(column, points[-1][1])
    return Line(name, colour, path, places if len(places) <= MOST_DOTS else places[-1:], last)


def _band(low: list[tuple[int, float]], high: list[tuple[int, float]], x: Scale, y: Scale) -> str:
    """Along one edge and back along the other."""
    return "M" + "L".join(f"{x(place):g} {y(value):g}" for place, value in [*high, *reversed(low)]) + "Z"


def _best(column: str, points: list[tuple[int, float]], x: Scale, y: Scale) -> tuple[float, float, str]:
    choose = min if lower_is_better(column) else max
    epoch, value = choose(points, key=lambda point: point[1])
    return x(epoch), y(value), f"best: {formatting.metric(column, value)} at epoch {epoch}"


def _values(
    columns: Mapping[str, tuple[str, str]], points: Mapping[str, list[tuple[int, float]]], x: Scale, y: Scale
) -> str:
    by_epoch: dict[int, list[list]] = {}
    for name, found in points.items():
        label, colour = columns[name]
        for epoch, value in found:
            entry = [label, colour, formatting.metric(name, value), y(value)]
            by_epoch.setdefault(epoch, []).append(entry)
    shown = [[x(epoch), epoch, entries] for epoch, entries in sorted(by_epoch.items())]
    return json.dumps(shown, ensure_ascii=False, separators=(",", ":"))
