"""Adam with the largest gradient instead of its variance."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, Probability, Supplied


@register("optimizer")
def adamax(
    *,
    learning_rate: PositiveFloat = 1e-3,
    beta_1: Probability = 0.9,
    beta_2: Probability = 0.999,
    epsilon: PositiveFloat = 1e-7,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """Adam in the infinity norm.

    Args:
        learning_rate: Step size.
        beta_1: Decay of the gradient's mean.
        beta_2: Decay of the largest gradient.
        epsilon: Added to the largest gradient.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        Kingma and Ba 2015, section 7.1, https://arxiv.org/abs/1412.6980
    """
    rate = learning_rate_schedule or learning_rate
    return keras.optimizers.Adamax(rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
