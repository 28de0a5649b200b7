"""Level, trend and season, each smoothed exponentially."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from kerasseq.evaluate.forecast_lists import as_lists, without_holes
from kerasseq.registry import register
from kerasseq.specs import KnownSeries, Origin, PositiveInt, check_arguments

ANSWERS = ("numbers",)
MOST_ROWS = 2000
FEWEST_SEASONS = 2


@register("baseline")
class ETS:
    """Exponential smoothing with an additive error, trend and season, with statsmodels.

    How fast it forgets is fitted to the last rows of the training part of each series and target. With that
    it goes over the whole series, and each forecast is made from what was known at its origin.

    Args:
        trend: Whether there is a trend, and whether it flattens with time.
        season: Rows of a season; null: that of the data.
        most_rows: How many rows of the training part it is fitted to, the last ones.
    Call arguments:
        inputs: Where forecasts began in training, which is not read: series know their training part.
        references: What came then, alike.
        questions: Where forecasts begin, each an `Origin`.
    Returns:
        For each question a number for each step, or for several targets a list of them.
    Raises:
        ValueError: If an argument is out of its range.
        ImportError: If statsmodels is not installed.
    Reference:
        Hyndman et al. 2008, chapter 2: the models (A,N,N), (A,A,A) and (A,Ad,A).
    """

    def __init__(
        self,
        *,
        trend: Literal["none", "straight", "damped"] = "damped",
        season: PositiveInt | None = None,
        most_rows: PositiveInt = MOST_ROWS,
    ):
        check_arguments(ETS.__init__, trend=trend, season=season, most_rows=most_rows)
        self.trend, self.season, self.most_rows = trend, season, most_rows

    def __call__(
        self, inputs: Sequence[Any], references: Sequence[Any], questions: Sequence[Origin]
    ) -> list[list[Any]]:
        ahead: dict[int, np.ndarray] = {}
        found = []
        for origin, values, row in without_holes(questions):
            key = id(origin.series)
            if key not in ahead:
                columns = [
                    self._forecasts(values[:, target], origin.series) for target in range(values.shape[1])
                ]
                ahead[key] = np.stack(columns, axis=-1)  # (rows, horizon, targets)
            found.append(as_lists(ahead[key][row]))
        return found

    def _forecasts(self, values: np.ndarray, series: KnownSeries) -> np.ndarray:
        """What is forecast from each row on, (rows, horizon)."""
        try:
            from statsmodels.tsa.exponential_smoothing.ets import ETSModel
        except ImportError as error:
            message = "statsmodels is not installed: python -m pip install 'statsmodels>=0.14.5'"
            raise ImportError(message) from error
        training = values[: series.num_training][-self.most_rows :]
        season = self.season or series.season
        is_seasonal = season > 1 and len(training) >= FEWEST_SEASONS * season
        options = {
            "trend": None if self.trend == "none" else "add",
            "damped_trend": self.trend == "damped",
            "seasonal": "add" if is_seasonal else None,
            "seasonal_periods": season if is_seasonal else None,
            "initialization_method": "heuristic",
        }
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # where it has not quite converged it is a baseline still
            fitted = ETSModel(training, **options).fit(disp=False)
            smoothed = ETSModel(values, **options).smooth(fitted.params)
        named = dict(zip(smoothed.model.param_names, np.asarray(smoothed.params), strict=False))
        forecasts = smoothed.level[:, None] * np.ones(series.horizon)
        if self.trend != "none":
            damping = named.get("damping_trend", 1.0)
            forecasts = forecasts + smoothed.slope[:, None] * np.cumsum(
                damping ** np.arange(1, series.horizon + 1)
            )
        if is_seasonal:
            back = season - 1 - np.arange(series.horizon) % season
            rows = np.arange(len(values))[:, None] - back  # the season's state a season before each step
            forecasts = forecasts + smoothed.season[np.maximum(rows, 0)]
        return forecasts
