"""Numbers that are none."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kerasseq.errors import TrainingError
from kerasseq.train.callbacks.around_update import Apply, AroundUpdate

LOOK_EVERY = 8


class NotFinite(TrainingError):
    """A gradient or a loss that is no finite number.

    Args:
        what: Which of the two.
        step: The steps of the epoch before it, or None where that is not known.
    """

    def __init__(self, what: str, step: int | None):
        self.what, self.step = what, step
        place = "" if step is None else f" at step {step + 1} of the epoch"
        super().__init__(f"The {what} is no finite number{place}. The weights are those before it.")


class NanGuard(AroundUpdate):
    """Ends training before a gradient that is no finite number spoils the weights.

    In the graph of the step such a gradient, and every one after it, is kept from the optimizer. Whether that
    happened is looked at every few steps, so that the device need not be waited for.

    Attributes:
        first_batch: Batches of the first epoch that were trained in another session.
    Raises:
        NotFinite: In `fit`.
    """

    rank = 3

    def __init__(self):
        super().__init__()
        self.is_broken = keras.Variable(False, dtype="bool", trainable=False, name="gradient_is_broken")
        self.good = keras.Variable(0, dtype="int32", trainable=False, name="good_steps")
        self.first_batch = 0

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.is_broken.assign(False)
        super().on_train_begin(logs)

    def around(self, apply: Apply, gradients: list[Any], variables: Any) -> None:
        is_finite = ops.isfinite(self.norm(gradients))
        is_good = ops.logical_and(is_finite, ops.logical_not(self.is_broken))
        self.is_broken.assign(ops.logical_not(is_good))
        self.good.assign_add(ops.cast(is_good, "int32"))
        ops.cond(is_good, lambda: apply(gradients, variables), lambda: None)

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.good.assign(0)

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        if batch % LOOK_EVERY == LOOK_EVERY - 1:
            self.look()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.look()
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            raise NotFinite("loss", None)
        self.first_batch = 0

    def look(self) -> None:
        """Ends training now if there was such a gradient."""
        if bool(ops.convert_to_numpy(self.is_broken.value)):
            raise NotFinite("gradient", self.first_batch + int(ops.convert_to_numpy(self.good.value)))
