"""Everything stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq.evaluate.forecast_lists import as_lists, without_holes
from kerasseq.registry import register
from kerasseq.specs import Origin

ANSWERS = ("numbers",)


@register("baseline")
class LastValue:
    """Forecasts the last known value for every step, the random walk's best forecast.

    Call arguments:
        inputs: Where forecasts began in training, which is not learned from.
        references: What came then, alike.
        questions: Where forecasts begin, each an `Origin`.
    Returns:
        For each question a number for each step, or for several targets a list of them.
    """

    def __call__(
        self, inputs: Sequence[Any], references: Sequence[Any], questions: Sequence[Origin]
    ) -> list[list[Any]]:
        filled = without_holes(questions)
        return [
            as_lists(np.repeat(values[row : row + 1], origin.series.horizon, axis=0))
            for origin, values, row in filled
        ]
