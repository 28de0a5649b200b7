"""How far forecasts are off, beside a season before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq.metrics.forecasts import ForecastMetric, facts_of, mean_known
from kerasseq.registry import register

ANSWERS = ("numbers",)


@register("metric")
class MASE(ForecastMetric):
    """Mean absolute scaled error: below 1 is better than a season before is in the training part.

    mean |y_t - f_t| / d,    d = mean over the training part of |y_t - y_(t - season)|

    Each value is divided by its own series' d; series whose d is 0 or unknown are left out.

    Call arguments:
        predictions: For each forecast a number for each step, or for several targets a list of them.
        references: For each forecast a list that holds a `Truth`, which knows d.
    Returns:
        `mase`.
    Raises:
        ValueError: If predictions and references do not match, or know no d.
    Reference:
        Hyndman and Koehler 2006, section 3, https://doi.org/10.1016/j.ijforecast.2006.03.001; with a season
        as in Makridakis et al. 2020 (M4).
    """

    names = ("mase",)

    def __init__(self):
        super().__init__()
        self.signature = {"mase": "divided by the seasonal naive error of the training part"}

    def measure(self, predicted: np.ndarray, true: np.ndarray, references: Sequence[Sequence[Any]]) -> float:
        return mean_known(np.abs(predicted - true) / facts_of(references, "naive_error"))
