"""A fall whenever training gets no better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, PositiveInt, Rate, Supplied, check_arguments
from kerasseq.train.monitoring import is_better


@keras.saving.register_keras_serializable("kerasseq")
@register("schedule")
class Plateau(keras.optimizers.schedules.LearningRateSchedule):
    """Multiplies the learning rate by a factor where a log has not got better for a while.

    It moves when `observe` is told an epoch's logs, which the callback `LearningRate` does.

    Args:
        monitor: The log to watch; losses, perplexities and errors are better low, everything else high.
        factor: What the rate is multiplied by.
        patience: Measurements without a better one until it is.
        final_share: Share of the learning rate that is always left.
        learning_rate: The optimizer's.
    Attributes:
        variables: What `Checkpoints` keeps.
    """

    def __init__(
        self,
        *,
        monitor: str = "validation_loss",
        factor: Rate = 0.5,
        patience: PositiveInt = 1,
        final_share: Rate = 0.0,
        learning_rate: Supplied[PositiveFloat] = 1e-3,
    ):
        check_arguments(Plateau.__init__, factor=factor, patience=patience, final_share=final_share)
        self.monitor = monitor
        self.factor = factor
        self.patience = patience
        self.final_share = final_share
        self.learning_rate = learning_rate
        self.share = keras.Variable(1.0, trainable=False, name="rate_share")
        self.best = keras.Variable(np.float32("nan"), trainable=False, name="best_of_plateau")
        self.waited = keras.Variable(0.0, trainable=False, name="measurements_waited")
        self.variables = [self.share, self.best, self.waited]

    def __call__(self, step: Any) -> Any:
        return self.learning_rate * ops.convert_to_tensor(self.share)

    def observe(self, logs: Mapping[str, float]) -> None:
        """An epoch has ended: has it got better?"""
        value = logs.get(self.monitor)
        if value is None:
            return
        if is_better(self.monitor, float(np.float32(value)), float(ops.convert_to_numpy(self.best.value))):
            self.best.assign(np.float32(value))
            self.waited.assign(0.0)
            return
        waited = float(ops.convert_to_numpy(self.waited.value)) + 1
        if waited >= self.patience:
            share = float(ops.convert_to_numpy(self.share.value)) * self.factor
            self.share.assign(max(share, self.final_share))
            waited = 0.0
        self.waited.assign(waited)

    def get_config(self) -> dict[str, Any]:
        names = ("monitor", "factor", "patience", "final_share", "learning_rate")
        return {name: getattr(self, name) for name in names}
