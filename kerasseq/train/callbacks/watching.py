"""Figures and samples for programs that show them while training runs."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

import keras

from kerasseq.errors import KerasseqError
from kerasseq.registry import create
from kerasseq.run_folder import RunFolder
from kerasseq.specs import Sample


class Watching(keras.callbacks.Callback):
    """Hands every epoch's logs and samples to watchers; it stands behind the callbacks that add to them.

    A watcher that fails, with a full disk or without its server, is left out from there on, and training goes
    on: that is said once, on the standard error stream.

    Args:
        watchers: Names from `train/watchers/`, mappings with their options, or objects with
            `epoch(number, logs)` and `close()`, and `samples(number, samples)` if they show such.
        folder: The run's; its recipe is shown, too.
        samples: Gives a few examples as they were answered at the end of the epoch; none where it was not
            measured.
    Raises:
        KerasseqError: In the first epoch, if what a watcher needs is not installed.
    """

    def __init__(
        self,
        watchers: Sequence[Any],
        *,
        folder: RunFolder,
        samples: Callable[[], Sequence[Sample]] | None = None,
    ):
        super().__init__()
        self.watchers = list(watchers)
        self.folder = folder
        self.samples = samples
        self.open: list[Any] = []
        self._is_open = False

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.close()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if self._is_open:
            return
        self._is_open = True
        recipe = self.folder.recipe.read_text("utf-8") if self.folder.recipe.exists() else ""
        options = {"folder": self.folder.path, "recipe": recipe, "first_epoch": epoch + 1}
        for watcher in self.watchers:
            try:
                self.open.append(create("watcher", watcher, **options))
            except (KerasseqError, TypeError, ValueError):  # it is not there, or was asked for wrongly
                raise
            except Exception as error:
                self._leave_out(watcher, error)

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        for watcher in list(self.open):
            self._tell(watcher, "epoch", epoch + 1, logs or {})
        shows = [watcher for watcher in self.open if hasattr(watcher, "samples")]
        samples = self._made() if shows and self.samples is not None else []
        for watcher in shows if samples else ():
            self._tell(watcher, "samples", epoch + 1, samples)

    def _made(self) -> Sequence[Sample]:
        """The samples; a picture that cannot be drawn ends no training either."""
        try:
            return self.samples()
        except Exception as error:
            self.samples = None
            self._leave_out("samples", error)
            return []

    def on_train_end(self, logs: dict | None = None) -> None:
        self.close()

    def close(self) -> None:
        """Lets the watchers end, also where `fit` was interrupted."""
        for watcher in list(self.open):
            self._tell(watcher, "close")
        self.open, self._is_open = [], False

    def _tell(self, watcher: Any, what: str, *given: Any) -> None:
        """Calls a watcher; whatever goes wrong there, a long training must not end with it."""
        try:
            getattr(watcher, what)(*given)
        except Exception as error:
            self.open.remove(watcher)
            self._leave_out(watcher, error)

    def _leave_out(self, watcher: Any, error: Exception) -> None:
        name = watcher if isinstance(watcher, str | dict) else type(watcher).__name__.lower()
        reason = str(error).partition("\n")[0]
        sys.stderr.write(f"watch: {name} is left out, training goes on: {reason}\n")
