"""Series as baselines read them, and forecasts as they give them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerasseq.specs import Origin


def as_lists(values: np.ndarray) -> list[Any]:
    """A forecast, (horizon, targets), as a number for each step, or for several targets a list of them."""
    return (values[:, 0] if values.shape[1] == 1 else values).tolist()


def without_holes(questions: Sequence[Origin]) -> Iterator[tuple[Origin, np.ndarray, int]]:
    """Each origin with its series, (rows, targets), and its row.

    Missing values are those before them, so that nothing is known before its time; 0 where there is none.
    """
    filled: dict[int, np.ndarray] = {}
    for origin in questions:
        key = id(origin.series)
        if key not in filled:
            filled[key] = carried_on(origin.series.values)
        yield origin, filled[key], origin.row


def carried_on(values: np.ndarray) -> np.ndarray:
    """Values, (rows, targets), with the last known one where one is missing."""
    is_known = np.isfinite(values)
    rows = np.arange(len(values))[:, None]
    last = np.maximum.accumulate(np.where(is_known, rows, -1), axis=0)
    found = np.take_along_axis(values, np.maximum(last, 0), axis=0)
    return np.where(last >= 0, found, 0.0)
