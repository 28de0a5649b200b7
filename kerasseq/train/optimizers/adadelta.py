"""Adadelta."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, Probability, Supplied


@register("optimizer")
def adadelta(
    *,
    learning_rate: PositiveFloat = 1.0,
    rho: Probability = 0.95,
    epsilon: PositiveFloat = 1e-6,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """Adadelta; the paper's step size is 1.

    Args:
        learning_rate: Step size.
        rho: Decay of the squared gradients and steps.
        epsilon: Added to the roots of their means.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        Zeiler 2012, https://arxiv.org/abs/1212.5701
    """
    rate = learning_rate_schedule or learning_rate
    return keras.optimizers.Adadelta(rate, rho=rho, epsilon=epsilon)
