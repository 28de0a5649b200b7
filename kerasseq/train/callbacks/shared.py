"""What changes between steps and in checkpoints where several workers train one model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasseq.train.callbacks.between_steps import SIGNALS, BetweenSteps
from kerasseq.train.callbacks.checkpoints import Checkpoints
from kerasseq.train.replicas import Agreement

RANDOM_STATE = "seed_generator_state"
STRIDE = 1_000_003  # between the seeds of two workers


class SharedBetweenSteps(BetweenSteps):
    """Saves and ends on all workers behind the same step, whichever of them is asked to.

    Args:
        agreement: What goes along with the steps.
        group: The workers.
        options: Of `BetweenSteps`.
    """

    def __init__(self, checkpoints: Checkpoints, *, agreement: Agreement, group: Any, **options: Any):
        super().__init__(checkpoints, **options)
        self.agreement = agreement
        self.group = group

    def on_train_begin(self, logs: dict | None = None) -> None:
        super().on_train_begin(logs)
        self.agreement.forget()

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        super().on_train_batch_begin(batch, logs)
        self.agreement.wish(*(self.received == number for number in SIGNALS), self.is_due())

    def decided(self, received: int | None, is_due: bool) -> tuple[int | None, bool]:
        *signals, is_due = self.agreement.found()
        obeyed = [number for number, was_sent in zip(SIGNALS, signals, strict=True) if was_sent]
        return (obeyed[0] if obeyed else None), is_due

    def decided_at_the_end(self, received: int | None) -> int | None:
        return next((number for number in self.group.gathered(received) if number is not None), None)


class SharedCheckpoints(Checkpoints):
    """Checkpoints of several workers, which the chief reads and writes, and nobody else.

    A checkpoint is that of one worker: where each worker has rows of a state, it holds all rows in order. So
    any number of workers goes on from it. Random generators start from another seed on each worker.

    Args:
        group: The workers.
        rows: Variables of which each worker has some rows.
        options: Of `Checkpoints`.
    """

    def __init__(self, folder: Path, *, group: Any, rows: Sequence[Any] = (), **options: Any):
        super().__init__(folder, **options)
        self.group = group
        self.rows = {id(variable) for variable in rows}

    def save(self) -> None:
        self._parts = self.group.gathered(
            [
                keras.ops.convert_to_numpy(variable)
                for variable in self._variables(self.model)
                if id(variable) in self.rows
            ]
        )
        self.group.of_chief(super().save)

    def _saved(self, variables: Sequence[Any]) -> Sequence[Any]:
        parts = iter(zip(*self._parts, strict=True))
        return [
            Whole(variable.path, np.concatenate(next(parts))) if id(variable) in self.rows else variable
            for variable in variables
        ]

    def _read_last(self, variables: Sequence[Any]) -> tuple[list[np.ndarray], dict[str, Any]] | None:
        read = super()._read_last
        wholes = [
            Whole(variable.path, np.repeat(keras.ops.convert_to_numpy(variable), self.group.count, axis=0))
            if id(variable) in self.rows
            else variable
            for variable in variables
        ]
        found = self.group.of_chief(lambda: read(wholes))
        if found is None:
            return None
        arrays, state = found
        own = [self._own(variable, array) for variable, array in zip(variables, arrays, strict=True)]
        return own, state

    def _own(self, variable: Any, array: np.ndarray) -> np.ndarray:
        """What this worker takes of what the chief read."""
        if id(variable) in self.rows:
            return np.split(array, self.group.count)[self.group.index]
        return own_seed(array, self.group) if variable.name == RANDOM_STATE else array

    def _read_best(self, variables: Sequence[Any]) -> list[np.ndarray] | None:
        read = super()._read_best
        return self.group.of_chief(lambda: read(variables))


class Whole:
    """An array in a variable's place.

    Args:
        path: The variable's.
        array: The value.
    """

    def __init__(self, path: str, array: Any):
        self.path = path
        self.array = np.asarray(array)
        self.shape = self.array.shape

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        return np.asarray(self.array)


def own_seed(state: np.ndarray, group: Any) -> np.ndarray:
    """The state of a random generator as this worker has it, from the chief's."""
    state = np.array(state)
    state[..., 0] += np.asarray(STRIDE * group.index, state.dtype)
    return state


def give_own_seeds(model: keras.Model, group: Any) -> None:
    """Lets each worker draw other random numbers than the others."""
    for variable in model.variables:
        if variable.name == RANDOM_STATE:
            variable.assign(own_seed(keras.ops.convert_to_numpy(variable), group))
