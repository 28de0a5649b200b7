"""What resumes a run: all of its state, now and then, and the best epoch's weights."""

from __future__ import annotations

import math
import re
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasseq.errors import did_you_mean
from kerasseq.specs import PositiveInt, check_arguments
from kerasseq.train import checkpoint_file
from kerasseq.train.callbacks.limits import Limits
from kerasseq.train.callbacks.weight_averaging import WeightAveraging
from kerasseq.train.monitoring import is_better

FLUSH_SECONDS = 10.0
NAME = re.compile(r"epoch_(\d+)(?:_step_(\d+))?\.npz")


class Checkpoints(keras.callbacks.Callback):
    """Keeps the state at the end of the last epochs and the best epoch, and stops where it gets no better.

    A state is all that the next step depends on: weights, optimizer, random generators, metrics so far, and
    the `variables` and `state()` of other callbacks. Each is written whole or not at all, with a checksum of
    every part; where the last one cannot be read, the one before is taken, which is said. `BetweenSteps` has
    states saved within an epoch, too.

    Args:
        folder: Where `epoch_2.npz`, `epoch_2_step_50.npz` and `best.npz` go; the numbers are what is done.
        monitor: The log to watch; losses, perplexities and errors are better low, everything else high.
        patience: Epochs without a better value until training stops, or None: it never stops early.
        keep: How many of the last states are kept.
        weights_of: The model whose weights the best epoch keeps, where `fit` runs another one around it.
        averaging: What averages the weights; the best epoch's are then averages.
        others: More callbacks with `variables`, or with `state()` and `restore(state)`.
        limits: What may end an epoch early.
    Attributes:
        epoch: How many epochs are done.
        step: How many steps of the next one are.
        history: The logs of each epoch.
    Raises:
        ValueError: At the end of `fit`, if no epoch had the monitored log.
        RunFolderError: If no checkpoint can be read, one holds another model, or one cannot be written.
    """

    def __init__(
        self,
        folder: Path,
        *,
        monitor: str = "validation_loss",
        patience: PositiveInt | None = None,
        keep: PositiveInt = 2,
        weights_of: keras.Model | None = None,
        averaging: WeightAveraging | None = None,
        others: Sequence[Any] = (),
        limits: Limits | None = None,
    ):
        check_arguments(Checkpoints.__init__, patience=patience, keep=keep)
        super().__init__()
        self.folder = Path(folder)
        self.monitor = monitor
        self.patience = patience
        self.keep = keep
        self.weights_of = weights_of
        self.averaging = averaging
        self.others = [*others, *([] if averaging is None else [averaging])]
        self.limits = limits
        self.history: list[dict[str, Any]] = []
        self.best: dict[str, Any] | None = None
        self.epoch = self.step = 0
        self._arrays: list[np.ndarray] | None = None
        self._flushed: Path | None = None
        self._flushed_at = time.monotonic()

    @property
    def best_epoch(self) -> int | None:
        """The number of the best epoch, from 1."""
        return None if self.best is None else self.best["epoch"]

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        if self._arrays is not None and self.step:  # `fit` has just cleared the metrics of the half epoch
            checkpoint_file.assign(self._variables(self.model), self._arrays)
        self._arrays = None

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        row = {"epoch": epoch + 1, **{name: float(value) for name, value in (logs or {}).items()}}
        self.history[epoch:] = [row]  # in the place of one that had ended early
        cut_at = None if self.limits is None else self.limits.cut_at
        self.epoch, self.step = (epoch + 1, 0) if cut_at is None else (epoch, cut_at)
        if self._is_best(row):
            self.best = row
            with nullcontext() if self.averaging is None else self.averaging.in_place():
                weights = (self.weights_of or self.model).variables
                checkpoint_file.save(self.folder / "best.npz", weights, {"best_epoch": epoch + 1})
        self.save()
        if self.has_run_out():
            self.model.stop_training = True

    def save(self) -> None:
        """Writes the state as it is now, between two steps, and removes what is older than the last ones."""
        step = f"_step_{self.step}" if self.step else ""
        path = self.folder / f"epoch_{self.epoch}{step}.npz"
        state = {
            "epoch": self.epoch,
            "step": self.step,
            "history": self.history,
            "best": self.best,
            "callbacks": {type(other).__name__: other.state() for other in self._with_state()},
        }
        # Waiting for the disk would slow short epochs down; a power cut costs these seconds at most.
        flush = time.monotonic() - self._flushed_at >= FLUSH_SECONDS
        checkpoint_file.save(path, self._saved(self._variables(self.model)), state, flush=flush)
        if flush:
            self._flushed, self._flushed_at = path, time.monotonic()
        for old in self._paths()[self.keep :]:
            if old != self._flushed:
                old.unlink()

    def _saved(self, variables: Sequence[Any]) -> Sequence[Any]:
        """What of the variables goes into a file."""
        return variables

    def _with_state(self) -> list[Any]:
        return [other for other in self.others if hasattr(other, "state")]

    def _variables(self, model: keras.Model) -> list[Any]:
        found = [*model.variables, *model.optimizer.variables]
        found += [
            variable for metric in model.metrics if metric.name == "loss" for variable in metric.variables
        ]
        found += [variable for other in self.others for variable in getattr(other, "variables", ())]
        return list({id(variable): variable for variable in found}.values())

    def _paths(self) -> list[Path]:
        """The states, the last one first."""
        found = {path: NAME.fullmatch(path.name) for path in self.folder.glob("epoch_*.npz")}
        places = {path: (int(name[1]), int(name[2] or 0)) for path, name in found.items() if name}
        return sorted(places, key=places.__getitem__, reverse=True)

    def _is_best(self, logs: dict[str, float]) -> bool:
        """Better than the best epoch so far; of two equals, the one with the lower validation loss."""
        value = logs.get(self.monitor)
        if value is None or math.isnan(value):
            return False
        if self.best is None:
            return True
        if value == self.best[self.monitor] and "validation_loss" in logs:
            return logs["validation_loss"] < self.best.get("validation_loss", math.inf)
        return is_better(self.monitor, value, self.best[self.monitor])

    def on_train_end(self, logs: dict | None = None) -> None:
        names = dict.fromkeys(name for row in self.history for name in row if name != "epoch")
        if names and self.monitor not in names:
            hint = did_you_mean(self.monitor, names)
            message = (
                f"`monitor` must be a log: {', '.join(names)}. Received: monitor={self.monitor!r}. {hint}"
            )
            raise ValueError(message.strip())

    def has_run_out(self) -> bool:
        """Whether the patience is spent."""
        measured = [row["epoch"] for row in self.history if self.monitor in row]
        if self.patience is None or not measured:
            return False
        return measured[-1] - (self.best_epoch or 0) >= self.patience

    def restore_last(self, model: keras.Model) -> bool:
        """Puts a model, its built optimizer and other callbacks where they were; False if nothing was saved.

        The caller's data goes on after `epoch` epochs and `step` steps.
        """
        variables = self._variables(model)
        read = self._read_last(variables)
        if read is None:
            return False
        self._arrays, state = read
        checkpoint_file.assign(variables, self._arrays)
        self.history[:], self.best = state["history"], state["best"]
        self.epoch, self.step = state["epoch"], state["step"]
        for other in self._with_state():
            other.restore(state["callbacks"][type(other).__name__])
        return True

    def _read_last(self, variables: Sequence[Any]) -> tuple[list[np.ndarray], dict[str, Any]] | None:
        """The last state that can be read."""
        paths = self._paths()
        for number, path in enumerate(paths):
            try:
                return checkpoint_file.load(path, variables)
            except checkpoint_file.UnreadableError as error:
                if path == paths[-1]:
                    raise
                reason = str(error).partition("\n")[0]
                path.rename(path.with_suffix(".broken"))
                sys.stderr.write(f"{reason} Going on from {paths[number + 1].name}, the one before.\n")
        return None

    def restore_best(self, model: keras.Model) -> None:
        """Gives a model the best epoch's weights, or leaves it at the last if nothing was monitored."""
        arrays = self._read_best(model.variables)
        if arrays is not None:
            checkpoint_file.assign(model.variables, arrays)

    def _read_best(self, variables: Sequence[Any]) -> list[np.ndarray] | None:
        path = self.folder / "best.npz"
        return checkpoint_file.load(path, variables)[0] if path.exists() else None
