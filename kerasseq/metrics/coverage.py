"""Whether what comes lies between the quantiles as often as it should."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq.metrics.quantile_answers import levels_and_arrays
from kerasseq.registry import register

ANSWERS = ("numbers",)
NEEDS = "quantiles"


@register("metric")
class Coverage:
    """The share of values between the lowest and the highest quantile; best where it is their distance.

    Call arguments:
        answers: Each with `quantiles`, a mapping from levels to numbers, as a line of predictions.jsonl.
        references: For each answer a list that holds what came, once; None where a value is missing.
    Returns:
        `coverage`, 0 to 1.
    Raises:
        KerasseqError: If answers have no quantiles.
    """

    from_text = True
    from_answers = True
    names = ("coverage",)

    def __init__(self):
        self.signature: dict[str, str] = {}

    def __call__(
        self, answers: Sequence[dict[str, Any]], references: Sequence[Sequence[Any]]
    ) -> dict[str, float]:
        levels, quantiles, true = levels_and_arrays(answers, references, metric="coverage")
        wanted = levels[-1] - levels[0]
        self.signature = {
            "coverage": f"between {levels[0]:g} and {levels[-1]:g}, where {wanted:.0%} are wanted"
        }
        is_known = np.isfinite(true)
        is_between = (true >= quantiles[0]) & (true <= quantiles[-1])
        return {"coverage": float(is_between[is_known].mean())}
