"""Adafactor."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, Supplied


@register("optimizer")
def adafactor(
    *,
    learning_rate: PositiveFloat = 1e-2,
    relative_step: bool = True,
    clip_threshold: PositiveFloat = 1.0,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """Adafactor: a row and a column of memory for each matrix.

    Args:
        learning_rate: Step size.
        relative_step: Whether the step size also falls as one over the root of the steps, from 0.01 on.
        clip_threshold: The most that the mean square of an update may be.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        Shazeer and Stern 2018, https://arxiv.org/abs/1804.04235
    """
    rate = learning_rate_schedule or learning_rate
    return keras.optimizers.Adafactor(rate, relative_step=relative_step, clip_threshold=clip_threshold)
