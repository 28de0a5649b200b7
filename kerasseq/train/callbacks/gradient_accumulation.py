"""Batches that are larger than memory."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import PositiveInt, check_arguments
from kerasseq.train.callbacks.around_update import Apply, AroundUpdate


class GradientAccumulation(AroundUpdate):
    """Adds up the gradients of some batches, and updates the weights by their mean.

    What the optimizer counts, and with it every schedule, are updates. Others that stand around an update,
    such as `GradientClipping` and `WeightAveraging`, see the mean and nothing else. What an epoch leaves over
    goes into the first update of the next one.

    Args:
        steps: Batches for each update.
    Attributes:
        variables: What `Checkpoints` keeps; none before `build`.
    """

    rank = 2

    def __init__(self, *, steps: PositiveInt):
        check_arguments(GradientAccumulation.__init__, steps=steps)
        super().__init__()
        self.steps = steps
        self.added: list[keras.Variable] = []
        self.count: keras.Variable | None = None

    @property
    def variables(self) -> list[keras.Variable]:
        return [*self.added, self.count] if self.added else []

    def build(self, weights: list[keras.Variable]) -> None:
        """Makes room for the gradients of these weights."""
        self.count = keras.Variable(0, trainable=False, dtype="int32", name="added_gradients")
        self.added = [
            keras.Variable(ops.zeros(weight.shape, weight.dtype), trainable=False, name=f"added_{index}")
            for index, weight in enumerate(weights)
        ]

    def on_train_begin(self, logs: dict | None = None) -> None:
        if not self.added:
            self.build(self.model.trainable_variables)
        super().on_train_begin(logs)

    def around(self, apply: Apply, gradients: list[Any], variables: Any) -> None:
        added = [
            None if gradient is None else total for total, gradient in zip(self.added, gradients, strict=True)
        ]
        for total, gradient in zip(added, gradients, strict=True):
            if total is not None:
                total.assign_add(gradient)
        self.count.assign_add(1)

        def update() -> None:
            means = [None if total is None else total / self.steps for total in added]
            apply(means, variables)
            for total in added:
                if total is not None:
                    total.assign(ops.zeros_like(total))
            self.count.assign(0)

        ops.cond(self.count >= self.steps, update, lambda: None)
