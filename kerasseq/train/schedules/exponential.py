"""A constant rate, then an exponential fall."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, PositiveInt, Rate, Supplied, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
@register("schedule")
class Exponential(keras.optimizers.schedules.LearningRateSchedule):
    """Keeps the learning rate for a while, then lets it fall by the same share at each step.

    rate_t = rate * final_share ^ max(0, (t / T - hold_share) / (1 - hold_share)), for step t of T

    With `sgd` it is how the classic language models were trained, whose rate was halved every epoch.

    Args:
        hold_share: Share of the training that keeps the rate; less than 1.
        final_share: Share of the learning rate that is left at the end, above 0.
        learning_rate: The optimizer's.
        total_steps: Of the whole training.
    Raises:
        ValueError: If a share is out of its range.
    Reference:
        Zaremba et al. 2014, section 4.1, https://arxiv.org/abs/1409.2329
    """

    def __init__(
        self,
        *,
        hold_share: Rate = 0.3,
        final_share: PositiveFloat = 0.01,
        learning_rate: Supplied[PositiveFloat] = 1e-3,
        total_steps: Supplied[PositiveInt] = 1,
    ):
        check_arguments(Exponential.__init__, hold_share=hold_share, final_share=final_share)
        self.hold_share = hold_share
        self.final_share = final_share
        self.learning_rate = learning_rate
        self.total_steps = total_steps

    def __call__(self, step: Any) -> Any:
        done = ops.cast(step, "float32") / self.total_steps
        fallen = ops.maximum(done - self.hold_share, 0.0) / (1 - self.hold_share)
        return self.learning_rate * ops.power(self.final_share, fallen)

    def get_config(self) -> dict[str, Any]:
        names = ("hold_share", "final_share", "learning_rate", "total_steps")
        return {name: getattr(self, name) for name in names}
