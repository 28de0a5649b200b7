"""The average from where training gets no better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments


@register("averaging")
class Triggered:
    """The mean of the weights of all steps since the validation loss stopped falling: NT-ASGD, with `sgd`.

    Before that the weights are taken as they are. The trigger is a measured validation loss above the least
    of those that are more than `patience` measurements old.

    Args:
        patience: Measurements that may be no better than an earlier one.
    Reference:
        Merity et al. 2018, algorithm 1, https://arxiv.org/abs/1708.02182
    """

    def __init__(self, *, patience: PositiveInt = 5):
        check_arguments(Triggered.__init__, patience=patience)
        self.patience = patience
        self.steps = keras.Variable(0.0, trainable=False, name="averaged_steps")
        self.is_on = keras.Variable(0.0, trainable=False, name="averaging_is_on")
        # The least of the old losses, and the last `patience` ones, oldest first.
        unknown = np.full(patience + 1, np.inf, "float32")
        self.losses = keras.Variable(unknown, trainable=False, name="last_losses")
        self.variables = [self.steps, self.is_on, self.losses]

    def share(self) -> Any:
        """Counts a step, and says how far the average moves towards the weights at it."""
        self.steps.assign_add(ops.convert_to_tensor(self.is_on))
        return 1.0 / ops.maximum(self.steps, 1.0)

    def observe(self, logs: Mapping[str, float]) -> None:
        """An epoch has ended: is it time?"""
        loss = logs.get("validation_loss")
        if loss is None:
            return
        least, *recent = ops.convert_to_numpy(self.losses.value).tolist()
        if loss > least:
            self.is_on.assign(1.0)
        self.losses.assign(np.array([min(least, recent[0]), *recent[1:], loss], "float32"))
