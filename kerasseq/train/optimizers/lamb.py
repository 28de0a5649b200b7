"""Adam in steps as large as the weights allow."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, Probability, Supplied


@register("optimizer")
def lamb(
    *,
    learning_rate: PositiveFloat = 1e-3,
    beta_1: Probability = 0.9,
    beta_2: Probability = 0.999,
    epsilon: PositiveFloat = 1e-7,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """LAMB, for large batches: each weight's step is scaled to its size.

    Args:
        learning_rate: Step size.
        beta_1: Decay of the gradient's mean.
        beta_2: Decay of the gradient's variance.
        epsilon: Added to the root of the variance.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        You et al. 2020, https://arxiv.org/abs/1904.00962
    """
    rate = learning_rate_schedule or learning_rate
    return keras.optimizers.Lamb(rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
