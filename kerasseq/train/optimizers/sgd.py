"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, Rate, Supplied


@register("optimizer")
def sgd(
    *,
    learning_rate: PositiveFloat = 1.0,
    momentum: Rate = 0.0,
    nesterov: bool = False,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """SGD; the classic choice for language models, at rates about 1 with clipping.

    Args:
        learning_rate: Step size.
        momentum: Share of the last step that goes into the next.
        nesterov: Whether to look ahead along the momentum.
        learning_rate_schedule: Takes the place of `learning_rate`.
    """
    return keras.optimizers.SGD(learning_rate_schedule or learning_rate, momentum, nesterov)
