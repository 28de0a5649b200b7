"""Where training ends before its last epoch."""

from __future__ import annotations

import time
from typing import Any

import keras

from kerasseq.specs import PositiveFloat, PositiveInt, check_arguments


class Limits(keras.callbacks.Callback):
    """Ends training after some batches or minutes, whichever comes first.

    Both count over all sessions of a run that is resumed. An epoch that ends early is measured like any
    other.

    Args:
        max_steps: The most batches.
        max_minutes: The most time in `fit`, measurements included.
    Attributes:
        cut_at: The batches of the epoch that ended early, if one did.
    """

    def __init__(self, *, max_steps: PositiveInt | None = None, max_minutes: PositiveFloat | None = None):
        check_arguments(Limits.__init__, max_steps=max_steps, max_minutes=max_minutes)
        super().__init__()
        self.max_steps = max_steps
        self.max_minutes = max_minutes
        self.first_batch = 0
        self.batches: int | None = None
        self.cut_at: int | None = None
        self.steps = 0
        self.seconds = 0.0
        self._in_epoch = 0
        self._began: float | None = None

    def skip(self, *, epochs: int, batches: int, of: int) -> None:
        """Counts on from where another session ended.

        Args:
            epochs: How many were done.
            batches: How many of the next one; the first epoch of `fit` then lacks them.
            of: Batches of an epoch.
        """
        self.first_batch, self.batches = batches, of
        self.steps = epochs * of + batches

    def state(self) -> dict[str, Any]:
        """What a resumed run goes on with."""
        return {"seconds": self._seconds()}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on where another session was."""
        self.seconds = state["seconds"]

    def is_reached(self, steps: int | None = None) -> bool:
        """Whether there is nothing left to train, after so many steps in all."""
        steps = self.steps if steps is None else steps
        too_long = self.max_minutes is not None and self._seconds() >= 60 * self.max_minutes
        return too_long or (self.max_steps is not None and steps >= self.max_steps)

    def _seconds(self) -> float:
        return self.seconds + (0.0 if self._began is None else time.monotonic() - self._began)

    def on_train_begin(self, logs: dict | None = None) -> None:
        self._began = time.monotonic()
        self.batches = self.batches or self.params.get("steps")

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.cut_at, self._in_epoch = None, 0

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self._in_epoch = batch + 1
        done = self.first_batch + batch + 1
        if self.is_reached(self.steps + batch + 1):
            self.cut_at = done
        if self.cut_at is not None or (self.first_batch and done == self.batches):
            self.model.stop_training = True  # with this batch

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if self.first_batch and self.cut_at is None:  # a shorter epoch, and not the end
            self.model.stop_training = False
        if self.cut_at == self.batches:
            self.cut_at = None
        self.steps += self._in_epoch
        self.first_batch = 0

    def on_train_end(self, logs: dict | None = None) -> None:
        self.seconds, self._began = self._seconds(), None
