"""One session of training: from where the last one ended to the end, or to where it cannot go on."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from itertools import islice
from typing import Any

import keras
import numpy as np

from kerasseq.errors import TrainingError
from kerasseq.memory import keep_freed_memory
from kerasseq.run_folder import RunFolder, write_whole
from kerasseq.train.callbacks.checkpoints import Checkpoints
from kerasseq.train.callbacks.gradient_accumulation import GradientAccumulation
from kerasseq.train.callbacks.learning_rate import MovingRate
from kerasseq.train.callbacks.limits import Limits
from kerasseq.train.callbacks.nan_guard import NanGuard, NotFinite
from kerasseq.train.callbacks.own_rates import OwnRates
from kerasseq.train.callbacks.progress import EpochLine, Progress
from kerasseq.train.callbacks.watching import Watching
from kerasseq.train.sharing import Sharing
from kerasseq.train.step import settle

MOST_ROLLBACKS = 5
LOWER = 0.25
SHAPES = re.compile(r"Dimensions must be equal|incompatible|shapes? ", re.I)
BROKEN_BATCH = "broken_batch.npz"


class Session:
    """All that takes part in a training.

    Args:
        model: What `fit` runs, compiled.
        task: The task, which makes examples of batches.
        split: The training data.
        seed: Of the order of the data.
        epochs: How many there are in all.
        folder: The run.
        rate: The learning rate.
        on_nan: What happens where a number is none: `stop`, or `rollback` to the last checkpoint.
        checkpoints: What saves.
        checkpoint_minutes: How often, within an epoch.
        limits: What may end training before its last epoch.
        progress: What a person sees.
        sharing: Who takes part.
        in_step: Callbacks that change the step.
        at_epoch_end: Callbacks that add to an epoch's logs or follow them, before the checkpoints do.
    """

    def __init__(
        self,
        *,
        model: keras.Model,
        task: Any,
        split: Any,
        seed: int,
        epochs: int,
        folder: RunFolder,
        rate: MovingRate,
        on_nan: str,
        checkpoints: Checkpoints,
        checkpoint_minutes: float,
        limits: Limits,
        progress: Progress,
        sharing: Sharing,
        in_step: Sequence[keras.callbacks.Callback],
        at_epoch_end: Sequence[keras.callbacks.Callback],
    ):
        self.model = model
        self.task = task
        self.split = split
        self.seed = seed
        self.epochs = epochs
        self.folder = folder
        self.rate = rate
        self.on_nan = on_nan
        self.checkpoints = checkpoints
        self.limits = limits
        self.progress = progress
        self.sharing = sharing
        self.guard = NanGuard()
        self.between = sharing.between_steps(
            checkpoints,
            every_minutes=checkpoint_minutes,
            advice=f"the same command goes on from there, in {folder.path}",
            guard=self.guard,
        )
        self.line = EpochLine(folder.history, checkpoints.history, progress.display)
        before = [self.between, limits, *in_step, self.guard, progress]
        self.callbacks = [*before, *at_epoch_end, checkpoints, self.line]

    def run(self) -> None:
        """Trains until there is nothing left to train.

        Raises:
            TrainingError: If it cannot go on.
            Interrupted: If a signal asked for it.
        """
        settle(self.model, self.callbacks)
        for callback in self.callbacks:
            callback.set_model(self.model)
            if isinstance(callback, GradientAccumulation):
                callback.build(self.model.trainable_variables)
        try:
            self._train()
        finally:
            self.between.release()
            for callback in self.callbacks:
                if isinstance(callback, OwnRates):
                    callback.thaw()
                if isinstance(callback, Watching):
                    callback.close()

    def _train(self) -> None:
        found, rollbacks = self.checkpoints.restore_last(self.model), 0
        if found:
            self.line.write()  # its last session may have ended just before it could
        elif self.on_nan == "rollback":
            self.checkpoints.save()
        while not self._is_done():
            try:
                self._fit()
                return
            except NotFinite as broken:
                rollbacks += 1
                self._roll_back(broken, rollbacks)

    def _is_done(self) -> bool:
        self._begin_where_it_ended()
        done = self.checkpoints.epoch >= self.epochs
        return done or self.checkpoints.has_run_out() or self.limits.is_reached()

    def _begin_where_it_ended(self) -> None:
        epochs, batches = self.checkpoints.epoch, self.checkpoints.step
        self.limits.skip(epochs=epochs, batches=batches, of=self.split.steps)
        self.guard.first_batch = self.progress.skipped = batches

    def _fit(self) -> None:
        first, skip = self.checkpoints.epoch, self.checkpoints.step
        batches = self.split.epochs(seed=self.seed, first=first, last=self.epochs, skip=skip)
        keep_freed_memory()
        try:
            self.model.fit(
                self.sharing.dataset(batches.map(self.task.example)),
                initial_epoch=first,
                epochs=self.epochs,
                steps_per_epoch=self.split.steps,
                shuffle=False,
                verbose=0,
                callbacks=list(self.callbacks),
            )
        except Exception as error:
            reason = _reason(error)
            if reason is None:
                raise
            raise TrainingError(f"{reason}, in {self._place(None)}: {self._shapes()}.") from error
        finally:  # Keras calls no `on_train_end` after Ctrl-C
            if self.progress.display is not None:
                self.progress.display.stop()

    def _roll_back(self, broken: NotFinite, times: int) -> None:
        """Goes back to the last checkpoint with a lower rate, or ends."""
        dumped = self._dump(broken.step)
        where = f"{self.folder.path}: the {broken.what} is no finite number in {self._place(broken.step)}"
        said = f"{where}; {dumped}" if dumped else where
        if self.on_nan == "stop" or times > MOST_ROLLBACKS:
            tried = f" It was rolled back {MOST_ROLLBACKS} times." if self.on_nan == "rollback" else ""
            raise TrainingError(
                f"{said}. The weights before it are kept.{tried}\n"
                "  fix: lower train.optimizer.learning_rate, or give `train.on_nan: rollback`"
            ) from None
        share = float(keras.ops.convert_to_numpy(self.rate.share.value)) * LOWER
        self.checkpoints.restore_last(self.model)
        self.rate.share.assign(share)
        back = f"{self.checkpoints.epoch} epochs and {self.checkpoints.step} steps"
        sys.stderr.write(f"{said}. Back to {back}, at {share:g} of the learning rate.\n")

    def _place(self, step: int | None) -> str:
        return f"epoch {self.checkpoints.epoch + 1}" + ("" if step is None else f", step {step + 1}")

    def _batch(self, step: int) -> Any:
        """What a step of the current epoch is trained on."""
        epoch = self.checkpoints.epoch
        batches = self.split.batches(seed=self.seed, epoch=epoch, training=True, skip=step)
        return next(islice(iter(batches.map(self.task.example)), 0, None))

    def _dump(self, step: int | None) -> str:
        if step is None:
            return ""
        arrays = _named(self._batch(step))
        path = self.folder.path / BROKEN_BATCH
        write_whole(path, lambda fresh: np.savez(fresh, **arrays))
        return f"its batch is in {path}"

    def _shapes(self) -> str:
        arrays = _named(self._batch(self.checkpoints.step))
        return "a batch is " + ", ".join(f"{name} {array.shape}" for name, array in arrays.items())


def _named(batch: Any) -> dict[str, np.ndarray]:
    """The arrays of a batch by their place in it: `input.source`, `label`."""
    found = {}
    for name, part in zip(("input", "label", "weight"), batch, strict=False):
        for path, array in keras.tree.flatten_with_path(part):
            found[".".join([name, *map(str, path)])] = keras.ops.convert_to_numpy(array)
    return found


def _reason(error: Exception) -> str | None:
    """In a few words why a step failed, where that is the user's to mend."""
    kind = type(error).__name__
    if kind == "ResourceExhaustedError" or isinstance(error, MemoryError):
        return "Out of memory: give a smaller data.batch_size, or shorter examples"
    if kind == "InvalidArgumentError" or (kind == "ValueError" and SHAPES.search(str(error))):
        lines = str(getattr(error, "message", error)).splitlines()
        told = next((line for line in lines if "must" in line or "shape" in line.lower()), lines[0])
        return f"The model cannot take a batch ({told.strip()})"
    return None
