"""Everything comes again after a season."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq.evaluate.forecast_lists import as_lists, without_holes
from kerasseq.registry import register
from kerasseq.specs import Origin, PositiveInt, check_arguments

ANSWERS = ("numbers",)


@register("baseline")
class SeasonalNaive:
    """Forecasts for each step the last value that is whole seasons before it.

    Args:
        season: Rows of a season; null: that of the data.
    Call arguments:
        inputs: Where forecasts began in training, which is not learned from.
        references: What came then, alike.
        questions: Where forecasts begin, each an `Origin`.
    Returns:
        For each question a number for each step, or for several targets a list of them.
    Raises:
        ValueError: If `season` is not positive.
    Reference:
        Hyndman and Athanasopoulos 2021, section 5.2, https://otexts.com/fpp3/simple-methods.html
    """

    def __init__(self, *, season: PositiveInt | None = None):
        check_arguments(SeasonalNaive.__init__, season=season)
        self.season = season

    def __call__(
        self, inputs: Sequence[Any], references: Sequence[Any], questions: Sequence[Origin]
    ) -> list[list[Any]]:
        found = []
        for origin, values, row in without_holes(questions):
            season = self.season or origin.series.season
            back = season - np.arange(origin.series.horizon) % season  # from the row behind the origin
            found.append(as_lists(values[np.maximum(row + 1 - back, 0)]))
        return found
