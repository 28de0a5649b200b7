"""How far forecasts are off, in per cent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq.metrics.forecasts import ForecastMetric, mean_known
from kerasseq.registry import register

ANSWERS = ("numbers",)


@register("metric")
class SMAPE(ForecastMetric):
    """Symmetric mean absolute percentage error, 0 to 200.

    mean of 200 |y_t - f_t| / (|y_t| + |f_t|), and 0 where both are 0

    Call arguments:
        predictions: For each forecast a number for each step, or for several targets a list of them.
        references: For each forecast a list that holds what came, once; None where a value is missing.
    Returns:
        `smape`. It says little of values that come near 0.
    Raises:
        ValueError: If predictions and references do not match.
    Reference:
        Makridakis et al. 2020 (M4), section 3, https://doi.org/10.1016/j.ijforecast.2019.04.014
    """

    names = ("smape",)

    def __init__(self):
        super().__init__()
        self.signature = {"smape": "200 |y - f| / (|y| + |f|), 0 to 200, as in M4"}

    def measure(self, predicted: np.ndarray, true: np.ndarray, references: Sequence[Sequence[Any]]) -> float:
        size = np.abs(true) + np.abs(predicted)
        shares = np.abs(true - predicted) / np.where(size == 0, 1.0, size)
        return 200 * mean_known(shares)
