"""Adam."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, Probability, Supplied


@register("optimizer")
def adam(
    *,
    learning_rate: PositiveFloat = 1e-3,
    beta_1: Probability = 0.9,
    beta_2: Probability = 0.999,
    epsilon: PositiveFloat = 1e-7,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """Adam.

    Args:
        learning_rate: Step size.
        beta_1: Decay of the gradient's mean.
        beta_2: Decay of the gradient's variance.
        epsilon: Added to the root of the variance.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        Kingma and Ba 2015, https://arxiv.org/abs/1412.6980
    """
    return keras.optimizers.Adam(learning_rate_schedule or learning_rate, beta_1, beta_2, epsilon)
