"""Adagrad."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import NonNegativeFloat, PositiveFloat, Supplied


@register("optimizer")
def adagrad(
    *,
    learning_rate: PositiveFloat = 1e-2,
    initial_accumulator_value: NonNegativeFloat = 0.1,
    epsilon: PositiveFloat = 1e-7,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """Adagrad: rare words learn in larger steps than frequent ones.

    Args:
        learning_rate: Step size.
        initial_accumulator_value: Where the sum of squared gradients begins.
        epsilon: Added to the root of that sum.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        Duchi et al. 2011, https://jmlr.org/papers/v12/duchi11a.html
    """
    rate = learning_rate_schedule or learning_rate
    return keras.optimizers.Adagrad(
        rate, initial_accumulator_value=initial_accumulator_value, epsilon=epsilon
    )
