"""Between two steps: a state now and then, and an end where one is asked for."""

from __future__ import annotations

import signal
import threading
import time
from typing import Any

import keras

from kerasseq.errors import Interrupted
from kerasseq.specs import NonNegativeFloat, check_arguments
from kerasseq.train.callbacks.checkpoints import Checkpoints
from kerasseq.train.callbacks.nan_guard import NanGuard

SIGNALS = {signal.SIGINT: "Ctrl-C", signal.SIGTERM: "SIGTERM"}
SHELL_OFFSET = 128  # a shell's exit code for a process that a signal ended


class BetweenSteps(keras.callbacks.Callback):
    """Saves the state every few minutes, and once more where Ctrl-C or SIGTERM asks training to end.

    A signal waits for the step to end, or for a measurement; a second one is obeyed at once. This callback is
    the first one in `fit`, so that the others have not begun with the next step yet.

    Args:
        checkpoints: What saves, and the last callback in `fit`.
        every_minutes: Time between states within an epoch; 0 is each step.
        advice: How to go on, for the message.
        guard: What is asked first whether the state is worth being saved.
    Raises:
        Interrupted: In `fit`; its `exit_code` is 130 or 143.
    """

    def __init__(
        self,
        checkpoints: Checkpoints,
        *,
        every_minutes: NonNegativeFloat = 10.0,
        advice: str = "go on from the last checkpoint",
        guard: NanGuard | None = None,
    ):
        check_arguments(BetweenSteps.__init__, every_minutes=every_minutes)
        super().__init__()
        self.checkpoints = checkpoints
        self.every_minutes = every_minutes
        self.advice = advice
        self.guard = guard
        self.received: int | None = None
        self._before: dict[int, Any] = {}
        self._first_batch = 0
        self._saved_at = 0.0

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.received, self._saved_at = None, time.monotonic()
        self._first_batch = self.checkpoints.step
        if threading.current_thread() is threading.main_thread() and not self._before:
            self._before = {number: signal.signal(number, self._receive) for number in SIGNALS}

    def _receive(self, number: int, frame: Any) -> None:
        self.received = number
        self.release()

    def release(self) -> None:
        """Gives the signals back to whom they were taken from."""
        while self._before:
            signal.signal(*self._before.popitem())

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self.checkpoints.step = self._first_batch + batch
        received, is_due = self.decided(self.received, self.is_due())
        if (is_due or received is not None) and self.checkpoints.step:  # else the end of an epoch was saved
            if self.guard is not None:
                self.guard.look()
            self.checkpoints.save()
            self._saved_at = time.monotonic()
        if received is not None:
            self._stop(received)

    def is_due(self) -> bool:
        """Whether it is time for a state."""
        return time.monotonic() - self._saved_at >= 60 * self.every_minutes

    def decided(self, received: int | None, is_due: bool) -> tuple[int | None, bool]:
        """The signal to obey and whether to save, from what this process knows."""
        return received, is_due

    def decided_at_the_end(self, received: int | None) -> int | None:
        """The signal to obey when `fit` is over."""
        return received

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._first_batch, self._saved_at = 0, time.monotonic()

    def on_train_end(self, logs: dict | None = None) -> None:
        self.release()
        received = self.decided_at_the_end(self.received)
        if received is not None:
            self._stop(received)

    def _stop(self, received: int) -> None:
        self.release()
        done = f"after epoch {self.checkpoints.epoch}"
        if self.checkpoints.step:
            done = f"in epoch {self.checkpoints.epoch + 1} after step {self.checkpoints.step}"
        message = f"{SIGNALS[received]}: stopped and saved {done}; {self.advice}"
        raise Interrupted(message, exit_code=SHELL_OFFSET + received)
