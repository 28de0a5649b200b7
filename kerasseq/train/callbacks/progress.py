"""What a person sees of an epoch, and what `history.csv` keeps of it."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path
from typing import Any

import keras

from kerasseq.run_folder import write_text
from kerasseq.train.callbacks.limits import Limits


class Progress(keras.callbacks.Callback):
    """Feeds a display, and adds seconds, learning rate and tokens per second to the logs.

    Args:
        display: Has `start`, `step` and `epoch_end`; None shows nothing.
        steps: Batches an epoch.
        tokens: Real target tokens an epoch.
        limits: What may end an epoch early.
    """

    logged = ("seconds", "learning_rate", "tokens_per_second")
    async_safe = True  # Keras then draws in a thread of its own, and the next step need not wait

    def __init__(self, display: Any, *, steps: int, tokens: int, limits: Limits | None = None):
        super().__init__()
        self.display = display
        self.steps = steps
        self.tokens = tokens
        self.limits = limits
        self.began = time.perf_counter()
        self.done = 0
        self.skipped = 0
        self.seconds = 0.0

    def on_train_begin(self, logs: dict | None = None) -> None:
        if self.display is not None:
            self.display.start(self.steps * self.params["epochs"], self.params["epochs"])

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.began = time.perf_counter() - self.seconds
        self.done = epoch * self.steps + self.skipped

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        if self.display is not None and logs is not None:
            seconds = time.perf_counter() - self.began
            rate = self.tokens * (self.skipped + batch + 1) / self.steps / seconds
            self.display.step(self.done + batch + 1, float(logs["loss"]), rate)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if logs is not None:
            seconds = time.perf_counter() - self.began
            rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
            done = (
                1.0 if self.limits is None or self.limits.cut_at is None else self.limits.cut_at / self.steps
            )
            logs.update(seconds=seconds, learning_rate=rate, tokens_per_second=self.tokens * done / seconds)
        self.skipped, self.seconds = 0, 0.0
        if self.limits is None or self.limits.cut_at is None:
            self.began = time.perf_counter()  # what is kept from here on is of the next epoch

    def state(self) -> dict[str, Any]:
        """What a resumed run goes on with."""
        return {"seconds": time.perf_counter() - self.began}

    def restore(self, state: dict[str, Any]) -> None:
        """Counts on in the epoch that another session began."""
        self.seconds = state["seconds"]


class EpochLine(keras.callbacks.Callback):
    """Writes `history.csv` and shows the finished epoch, when every other callback has added to its logs.

    Args:
        path: The table, a row an epoch.
        history: The epochs so far, which `Checkpoints` keeps.
        display: As for `Progress`.
    """

    def __init__(self, path: Path, history: list[dict[str, Any]], display: Any):
        super().__init__()
        self.path = path
        self.history = history
        self.display = display

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.write()
        if self.display is not None:
            self.display.epoch_end(self.history[-1])

    def write(self) -> None:
        """Writes the table as far as training has come."""
        columns = list(dict.fromkeys(name for row in self.history for name in row))
        text = io.StringIO()
        table = csv.DictWriter(text, columns, lineterminator="\n")
        table.writeheader()
        table.writerows({name: f"{value:.6g}" for name, value in row.items()} for row in self.history)
        write_text(self.path, text.getvalue())
