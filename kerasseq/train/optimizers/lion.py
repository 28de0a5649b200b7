"""Lion."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, Probability, Supplied


@register("optimizer")
def lion(
    *,
    learning_rate: PositiveFloat = 1e-4,
    beta_1: Probability = 0.9,
    beta_2: Probability = 0.99,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """Lion: the sign of the momentum; wants a third to a tenth of Adam's step size.

    Args:
        learning_rate: Step size.
        beta_1: Share of the momentum in a step.
        beta_2: Decay of the momentum.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        Chen et al. 2023, https://arxiv.org/abs/2302.06675
    """
    rate = learning_rate_schedule or learning_rate
    return keras.optimizers.Lion(rate, beta_1=beta_1, beta_2=beta_2)
