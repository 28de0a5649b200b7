"""Follow the regularized leader."""

from __future__ import annotations

from typing import Any

import keras

from kerasseq.registry import register
from kerasseq.specs import NonNegativeFloat, PositiveFloat, Supplied


@register("optimizer")
def ftrl(
    *,
    learning_rate: PositiveFloat = 1e-2,
    l1: NonNegativeFloat = 0.0,
    l2: NonNegativeFloat = 0.0,
    learning_rate_schedule: Supplied[Any] = None,
) -> keras.optimizers.Optimizer:
    """FTRL-Proximal, for sparse inputs.

    Args:
        learning_rate: Step size.
        l1: Weight of the sum of sizes, which makes weights zero.
        l2: Weight of the sum of squares.
        learning_rate_schedule: Takes the place of `learning_rate`.
    Reference:
        McMahan et al. 2013, https://doi.org/10.1145/2487575.2488200
    """
    rate = learning_rate_schedule or learning_rate
    return keras.optimizers.Ftrl(rate, l1_regularization_strength=l1, l2_regularization_strength=l2)
