"""A fall in steps."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.registry import register
from kerasseq.specs import NonNegativeFloat, PositiveFloat, PositiveInt, Supplied, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
@register("schedule")
class Step(keras.optimizers.schedules.LearningRateSchedule):
    """Multiplies the learning rate by a factor every so often.

    rate_t = rate * factor ^ floor((t - hold) / every + 1) from t = hold on, and rate before it

    `{factor: 0.5, every: 1, hold: 8}` with `sgd` is how early translation models were trained.

    Args:
        factor: What the rate is multiplied by.
        every: Time from one fall to the next, in units of `by`.
        hold: Time before the first fall; null is `every`.
        by: What time is counted in: `epoch`, or `step` of the optimizer.
        learning_rate: The optimizer's.
        steps_per_epoch: The optimizer's steps in an epoch.
    Reference:
        Luong et al. 2015, section 4.1, https://arxiv.org/abs/1508.04025
    """

    def __init__(
        self,
        *,
        factor: PositiveFloat = 0.5,
        every: PositiveFloat = 1.0,
        hold: NonNegativeFloat | None = None,
        by: Literal["epoch", "step"] = "epoch",
        learning_rate: Supplied[PositiveFloat] = 1e-3,
        steps_per_epoch: Supplied[PositiveInt] = 1,
    ):
        check_arguments(Step.__init__, factor=factor, every=every, hold=hold, by=by)
        self.factor = factor
        self.every = every
        self.hold = hold
        self.by = by
        self.learning_rate = learning_rate
        self.steps_per_epoch = steps_per_epoch

    def __call__(self, step: Any) -> Any:
        unit = self.steps_per_epoch if self.by == "epoch" else 1
        since = ops.cast(step, "float32") - unit * (self.every if self.hold is None else self.hold)
        falls = ops.maximum(ops.floor(since / (unit * self.every)) + 1, 0.0)
        return self.learning_rate * ops.power(self.factor, falls)

    def get_config(self) -> dict[str, Any]:
        names = ("factor", "every", "hold", "by", "learning_rate", "steps_per_epoch")
        return {name: getattr(self, name) for name in names}
