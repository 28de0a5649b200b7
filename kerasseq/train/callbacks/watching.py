"""Figures for programs that draw them while training runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras

from kerasseq.registry import create
from kerasseq.run_folder import RunFolder


class Watching(keras.callbacks.Callback):
    """Hands every epoch's logs to watchers; it stands behind the callbacks that add to them.

    Args:
        watchers: Names from `train/watchers/`, mappings with their options, or objects with
            `epoch(number, logs)` and `close()`.
        folder: The run's; its recipe is shown, too.
    Raises:
        ImportError: At the beginning of `fit`, if what a watcher needs is not installed.
    """

    def __init__(self, watchers: Sequence[Any], *, folder: RunFolder):
        super().__init__()
        self.watchers = list(watchers)
        self.folder = folder
        self.open: list[Any] = []

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.close()
        recipe = self.folder.recipe.read_text("utf-8") if self.folder.recipe.exists() else ""
        for watcher in self.watchers:
            self.open.append(create("watcher", watcher, folder=self.folder.path, recipe=recipe))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        for watcher in self.open:
            watcher.epoch(epoch + 1, logs or {})

    def on_train_end(self, logs: dict | None = None) -> None:
        self.close()

    def close(self) -> None:
        """Lets the watchers end, also where `fit` was interrupted."""
        while self.open:
            self.open.pop().close()
