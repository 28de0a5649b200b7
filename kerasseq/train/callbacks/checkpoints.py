"""What resumes a run: the last epoch's weights and optimizer, and the best epoch's weights."""

from __future__ import annotations

import json
import math
import zipfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasseq.errors import RunFolderError, did_you_mean
from kerasseq.run_folder import write_whole
from kerasseq.train.callbacks.weight_averaging import WeightAveraging

LOWER_IS_BETTER = ("loss", "perplexity", "bits_per_character", "error", "repetition")


class Checkpoints(keras.callbacks.Callback):
    """Keeps the last and the best epoch, and stops where it gets no better.

    Args:
        folder: Where `last.npz` and `best.npz` go.
        monitor: The log to watch; losses and perplexities are better low, everything else high.
        patience: Epochs without a better value until training stops, or None: it never stops early.
        weights_of: The model whose weights are kept, where `fit` runs another one around it.
        averaging: What averages the weights; the best epoch's are then averages, the last epoch's both.
    Raises:
        ValueError: At the end of `fit`, if no epoch had the monitored log.
        RunFolderError: If a checkpoint is broken or holds another model.
    """

    def __init__(
        self,
        folder: Path,
        *,
        monitor: str = "validation_loss",
        patience: int | None = None,
        weights_of: keras.Model | None = None,
        averaging: WeightAveraging | None = None,
    ):
        super().__init__()
        self.folder = Path(folder)
        self.monitor = monitor
        self.patience = patience
        self.weights_of = weights_of
        self.averaging = averaging
        self.history: list[dict[str, Any]] = []
        self.best_epoch: int | None = None

    @property
    def epoch(self) -> int:
        """How many epochs are done."""
        return len(self.history)

    def is_better(self, value: float, than: float) -> bool:
        """Whether a value of the monitored log is better than another."""
        return value < than if self.monitor.endswith(LOWER_IS_BETTER) else value > than

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        logs = {name: float(value) for name, value in (logs or {}).items()}
        self.history.append({"epoch": epoch + 1, **logs})
        if self._is_best(logs):
            self.best_epoch = epoch + 1
            with nullcontext() if self.averaging is None else self.averaging.in_place():
                self._save("best", self._weights(self.model))
        self._save("last", self._all_variables(self.model))
        if self.has_run_out():
            self.model.stop_training = True

    def _weights(self, model: keras.Model) -> list[Any]:
        return (self.weights_of or model).variables

    def _all_variables(self, model: keras.Model) -> list[Any]:
        averages = [] if self.averaging is None else self.averaging.variables
        return [*self._weights(model), *model.optimizer.variables, *averages]

    def _is_best(self, logs: dict[str, float]) -> bool:
        """Better than the best epoch so far; of two equals, the one with the lower validation loss."""
        value = logs.get(self.monitor)
        if value is None or math.isnan(value):
            return False
        if self.best_epoch is None:
            return True
        best = self.history[self.best_epoch - 1]
        if value == best[self.monitor] and "validation_loss" in logs:
            return logs["validation_loss"] < best.get("validation_loss", math.inf)
        return self.is_better(value, best[self.monitor])

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

    def _save(self, name: str, variables: list[Any]) -> None:
        arrays = {
            f"{index}": keras.ops.convert_to_numpy(variable) for index, variable in enumerate(variables)
        }
        paths = [variable.path for variable in variables]
        state = json.dumps({"history": self.history, "best_epoch": self.best_epoch, "variables": paths})

        def write(path: Path) -> None:
            with path.open("wb") as file:
                np.savez(file, state=np.array(state), **arrays)

        write_whole(self.folder / f"{name}.npz", write)

    def restore_last(self, model: keras.Model) -> bool:
        """Puts a model and its built optimizer where the last epoch left them; False if there was none."""
        path = self.folder / "last.npz"
        if not path.exists():
            return False
        state = _load(path, self._all_variables(model))
        self.history, self.best_epoch = state["history"], state["best_epoch"]
        return True

    def restore_best(self, model: keras.Model) -> None:
        """Gives a model the best epoch's weights, or leaves it at the last if nothing was monitored."""
        path = self.folder / "best.npz"
        if path.exists():
            _load(path, self._weights(model))


def _load(path: Path, variables: list[Any]) -> dict[str, Any]:
    try:
        with path.open("rb") as file, np.load(file) as saved:
            state = json.loads(str(saved["state"]))
            arrays = [saved[str(index)] for index in range(len(state["variables"]))]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise RunFolderError(
            f"{path} cannot be read: {error}.\n  fix: start the run over with --fresh"
        ) from error
    for variable, array in zip(variables, arrays, strict=False):
        if tuple(variable.shape) != array.shape:
            raise RunFolderError(
                f"{path} holds another model: {variable.path} is {tuple(variable.shape)}, there it is "
                f"{array.shape}.\n"
                "  fix: start the run over with --fresh"
            )
        variable.assign(array)
    if len(arrays) != len(variables):
        raise RunFolderError(
            f"{path} holds {len(arrays)} variables, and the model has {len(variables)}.\n"
            "  fix: start the run over with --fresh"
        )
    return state
