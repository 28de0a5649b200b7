"""Warm-up, then half a cosine."""

from __future__ import annotations

import keras

from kerasseq.registry import register
from kerasseq.specs import NonNegativeInt, PositiveFloat, PositiveInt, Probability, Supplied


@register("schedule")
def cosine(
    *,
    warmup_steps: NonNegativeInt = 0,
    final_share: Probability = 0.0,
    learning_rate: Supplied[PositiveFloat] = 1e-3,
    total_steps: Supplied[PositiveInt] = 1,
) -> keras.optimizers.schedules.LearningRateSchedule:
    """Rises linearly to the learning rate, then falls along a cosine until the last step of training.

    Args:
        warmup_steps: Steps to rise.
        final_share: Share of the learning rate that is left at the end.
        learning_rate: The optimizer's.
        total_steps: Of the whole training.
    Reference:
        Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983
    """
    return keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0 if warmup_steps else learning_rate,
        decay_steps=max(total_steps - warmup_steps, 1),
        alpha=final_share,
        warmup_target=learning_rate if warmup_steps else None,
        warmup_steps=warmup_steps,
    )
