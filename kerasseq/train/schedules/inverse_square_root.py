"""A linear rise, then one over the root of the steps."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, PositiveInt, Supplied, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
@register("schedule")
class InverseSquareRoot(keras.optimizers.schedules.LearningRateSchedule):
    """Rises linearly to the learning rate, then falls with the root of the steps; Noam's schedule.

    rate_t = rate * min(t / warmup_steps, sqrt(warmup_steps / t)), for steps t = 1, 2, ...

    It needs no end of training. Noam's own rate is (model size * warmup_steps)^-0.5.

    Args:
        warmup_steps: Steps to rise.
        learning_rate: The optimizer's, which is reached at the end of the rise.
    Reference:
        Vaswani et al. 2017, equation 3, https://arxiv.org/abs/1706.03762
    """

    def __init__(self, *, warmup_steps: PositiveInt = 4000, learning_rate: Supplied[PositiveFloat] = 1e-3):
        check_arguments(InverseSquareRoot.__init__, warmup_steps=warmup_steps)
        self.warmup_steps = warmup_steps
        self.learning_rate = learning_rate

    def __call__(self, step: Any) -> Any:
        share = (ops.cast(step, "float32") + 1) / self.warmup_steps
        return self.learning_rate * ops.minimum(share, ops.rsqrt(share))

    def get_config(self) -> dict[str, Any]:
        return {"warmup_steps": self.warmup_steps, "learning_rate": self.learning_rate}
