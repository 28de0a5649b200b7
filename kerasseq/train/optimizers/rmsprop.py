"""RMSprop."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, Probability, Rate, Supplied


@register("optimizer")
def rmsprop(
    *,
    learning_rate: PositiveFloat = 1e-3,
    rho: Probability = 0.9,
    momentum: Rate = 0.0,
    epsilon: PositiveFloat = 1e-7,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """RMSprop.

    Args:
        learning_rate: Step size.
        rho: Decay of the squared gradient's mean.
        momentum: Share of the last step that goes into the next.
        epsilon: Added to the root of that mean.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        Tieleman and Hinton 2012, lecture 6.5
    """
    return keras.optimizers.RMSprop(learning_rate_schedule or learning_rate, rho, momentum, epsilon)
