"""Forecasts as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


class Forecast(list):
    """What is forecast for each step: a number, or for several targets a list of them.

    As text it is a line of cells for each step, with commas between: the series, the date, a number for each
    target, and behind it those of each quantile.
    """

    def __init__(self, numbers: list[Any], *, series: str, dates: Sequence[str], quantiles: Sequence[Any]):
        super().__init__(numbers)
        self._series, self._columns = series, (dates, numbers, *quantiles)

    def __str__(self) -> str:
        return "\n".join(
            ",".join([_quoted(self._series), date, *(str(cell) for found in cells for cell in _cells(found))])
            for date, *cells in zip(*self._columns, strict=True)
        )


def present_forecasts(
    reader: Any, series: Any, time: Any, answers: Mapping[str, Any], levels: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """For each forecast its `series`, `dates`, `prediction` and, by level, `quantiles`.

    Args:
        reader: What was learned of the series.
        series: The place of each one, (batch,).
        time: The date of the last row before each, (batch,).
        answers: `forecast` (batch, horizon, targets) and, where there are levels, `quantiles` (..., levels).
        levels: The quantiles, as text.
    """
    forecasts = _lists(answers["forecast"], reader.decimals)
    dates = reader.dates(time)
    quantiles = [_lists(answers["quantiles"][..., place], reader.decimals) for place, _ in enumerate(levels)]
    for row, numbers in enumerate(forecasts):
        series_name, of_row = reader.called(int(series[row])), [found[row] for found in quantiles]
        forecast = Forecast(numbers, series=series_name, dates=dates[row], quantiles=of_row)
        shown = {"series": series_name, "dates": dates[row], "prediction": forecast}
        if quantiles:
            shown["quantiles"] = dict(zip(levels, of_row, strict=True))
        if len(reader.targets) > 1:
            shown["targets"] = list(reader.targets)
        yield shown


def _cells(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"' if set(name) & set(',"\n') else name


def _lists(values: Any, decimals: int) -> list[Any]:
    rounded = values.astype("float64").round(decimals)
    return (rounded[..., 0] if rounded.shape[-1] == 1 else rounded).tolist()
