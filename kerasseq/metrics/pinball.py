"""How good quantiles are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq.metrics.forecasts import mean_known
from kerasseq.metrics.quantile_answers import levels_and_arrays
from kerasseq.registry import register

ANSWERS = ("numbers",)
NEEDS = "quantiles"


@register("metric")
class Pinball:
    """Mean pinball loss of all quantiles, which is least where they are the true ones.

    mean of max(q e, (q - 1) e),    e = what came - the quantile q

    Call arguments:
        answers: Each with `quantiles`, a mapping from levels to numbers, as a line of predictions.jsonl.
        references: For each answer a list that holds what came, once; None where a value is missing.
    Returns:
        `pinball`, in the units of the data; of the median alone it is half the mean absolute error.
    Raises:
        KerasseqError: If answers have no quantiles.
    Reference:
        Koenker and Bassett 1978, section 2.
    """

    from_text = True
    from_answers = True
    names = ("pinball",)

    def __init__(self):
        self.signature: dict[str, str] = {}

    def __call__(
        self, answers: Sequence[dict[str, Any]], references: Sequence[Sequence[Any]]
    ) -> dict[str, float]:
        levels, quantiles, true = levels_and_arrays(answers, references, metric="pinball")
        self.signature = {"pinball": f"mean of the quantiles {', '.join(map('{:g}'.format, levels))}"}
        errors = true - quantiles
        level = levels.reshape(-1, *[1] * true.ndim)
        return {"pinball": mean_known(np.maximum(level * errors, (level - 1) * errors))}
