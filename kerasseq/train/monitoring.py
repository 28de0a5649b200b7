"""Which of two values of a log is the better one."""

from __future__ import annotations

import math

from kerasseq.specs import lower_is_better


def is_better(name: str, value: float, than: float) -> bool:
    """Whether a value of a log is better than another; anything is better than no number."""
    if math.isnan(than):
        return not math.isnan(value)
    return value < than if lower_is_better(name) else value > than
