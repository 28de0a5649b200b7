"""Adam with decoupled weight decay."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import NonNegativeFloat, PositiveFloat, Probability, Supplied


@register("optimizer")
def adamw(
    *,
    learning_rate: PositiveFloat = 1e-3,
    weight_decay: NonNegativeFloat = 0.01,
    beta_1: Probability = 0.9,
    beta_2: Probability = 0.999,
    epsilon: PositiveFloat = 1e-7,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """AdamW.

    Args:
        learning_rate: Step size.
        weight_decay: Share of each weight that a step of size 1 takes away; biases are spared.
        beta_1: Decay of the gradient's mean.
        beta_2: Decay of the gradient's variance.
        epsilon: Added to the root of the variance.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        Loshchilov and Hutter 2019, https://arxiv.org/abs/1711.05101
    """
    rate = learning_rate_schedule or learning_rate
    optimizer = keras.optimizers.AdamW(rate, weight_decay, beta_1, beta_2, epsilon)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer
