"""Adam with Nesterov's momentum."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, Probability, Supplied


@register("optimizer")
def nadam(
    *,
    learning_rate: PositiveFloat = 1e-3,
    beta_1: Probability = 0.9,
    beta_2: Probability = 0.999,
    epsilon: PositiveFloat = 1e-7,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """Adam that looks ahead along its momentum.

    Args:
        learning_rate: Step size.
        beta_1: Decay of the gradient's mean.
        beta_2: Decay of the gradient's variance.
        epsilon: Added to the root of the variance.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ
    """
    rate = learning_rate_schedule or learning_rate
    return keras.optimizers.Nadam(rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
