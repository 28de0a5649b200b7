"""How far forecasts are off, on average."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq.metrics.forecasts import ErrorMetric, mean_known
from kerasseq.registry import register

ANSWERS = ("numbers",)


@register("metric")
class MAE(ErrorMetric):
    """Mean absolute error of all steps, targets and forecasts.

    Args:
        scaled: Divide errors by what the scaler divided values by; the name is then `scaled_mae`.
    Call arguments:
        predictions: For each forecast a number for each step, or for several targets a list of them.
        references: For each forecast a list that holds what came, once; None where a value is missing.
    Returns:
        `mae`, in the units of the data.
    Raises:
        ValueError: If predictions and references do not match, or are to be scaled and know no scale.
    """

    word = "mae"

    def __init__(self, *, scaled: bool = False):
        super().__init__(scaled=scaled)

    def measure(self, predicted: np.ndarray, true: np.ndarray, references: Sequence[Sequence[Any]]) -> float:
        return mean_known(np.abs(self.errors(predicted, true, references)))
