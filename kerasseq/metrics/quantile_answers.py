"""Quantiles of forecasts as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq.errors import KerasseqError
from kerasseq.metrics.forecasts import as_arrays


def levels_and_arrays(
    answers: Sequence[dict[str, Any]], references: Sequence[Sequence[Any]], *, metric: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The levels, rising, the quantiles, and what came, NaN where it is missing.

    Returns:
        (levels,), (levels, forecasts, horizon, targets) and (forecasts, horizon, targets).
    Raises:
        KerasseqError: If answers have no quantiles.
    """
    if not all(answer.get("quantiles") for answer in answers):
        message = f"`evaluate.metrics` has {metric}, which reads quantiles, and the model gives none"
        raise KerasseqError(f"{message}.\n  fix: set `model.quantiles`, such as [0.1, 0.5, 0.9]")
    words = sorted(answers[0]["quantiles"], key=float)
    found = [as_arrays([answer["quantiles"][word] for answer in answers], references) for word in words]
    return np.array(list(map(float, words))), np.stack([one for one, _ in found]), found[0][1]
