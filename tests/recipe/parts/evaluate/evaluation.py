"""The evaluate section."""

from __future__ import annotations

from typing import Any

from kerasseq.specs import Metric


def evaluate(*, metrics: list[Metric] = ()) -> Any:
    """Measures."""
