"""How a training is shared among workers and devices; where there is one of each, not at all."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import keras

from kerasseq.errors import KerasseqError
from kerasseq.train.callbacks.between_steps import BetweenSteps
from kerasseq.train.callbacks.checkpoints import Checkpoints
from kerasseq.train.callbacks.shared import SharedBetweenSteps, SharedCheckpoints, give_own_seeds
from kerasseq.train.replicas import Agreement, Replicas
from kerasseq.workers.alone import Alone


class Sharing:
    """What of a training depends on who takes part in it.

    Args:
        workers: Who does.
        model: What `fit` runs, compiled.
        devices: How many devices of a process the recipe asks for.
    Raises:
        KerasseqError: If the workers have not as many.
    """

    def __init__(self, workers: Alone, model: keras.Model, *, devices: int = 1):
        if devices != workers.devices:
            raise KerasseqError(
                f"`train.devices` is {devices}, and this training has {workers.devices}.\n"
                "  fix: `kerasseq run` and `kerasseq train` take several devices; leave it at 1 elsewhere"
            )
        self.workers = workers
        self.states = getattr(model, "states", ())
        self.agreement = self.replicas = None
        if workers.replicas > 1:
            self.agreement = Agreement()
            self.replicas = Replicas(model, workers, self.agreement)
            give_own_seeds(model, workers)

    def checkpoints(self, folder: Path, **options: Any) -> Checkpoints:
        """What saves."""
        if self.workers.count == 1:
            return Checkpoints(folder, **options)
        return SharedCheckpoints(folder, group=self.workers, rows=self.states, **options)

    def between_steps(self, checkpoints: Checkpoints, **options: Any) -> BetweenSteps:
        """What has it save, and ends the training."""
        if self.workers.count == 1:
            return BetweenSteps(checkpoints, **options)
        if not self.workers.is_chief:  # whose own folder goes away
            options["advice"] = "the same command on all workers goes on from there"
        return SharedBetweenSteps(checkpoints, agreement=self.agreement, group=self.workers, **options)

    def dataset(self, examples: Any) -> Any:
        """What `fit` takes of the examples of all batches."""
        return examples if self.replicas is None else self.replicas.dataset(examples)


def check_shared(
    workers: Alone, *, train: Mapping[str, Any], batch_size: int, carries_state: bool, sanity: bool = False
) -> None:
    """Holds that what a recipe asks for can be done by more than one worker or device.

    Args:
        workers: Who takes part.
        train: The recipe's section.
        batch_size: Rows of a batch, of all workers together.
        carries_state: Whether each row goes on with its state.
        sanity: Whether eight examples are to be learned by heart first.
    Raises:
        KerasseqError: Names the key.
    """
    if workers.replicas == 1:
        return
    several = f"{workers.count} workers" if workers.count > 1 else f"{workers.devices} devices"
    problems = {
        "`train.precision: mixed_float16`": train["precision"] == "mixed_float16",
        "`train.max_minutes`": workers.count > 1 and train["max_minutes"] is not None,
        "`--sanity`": sanity,
        "a language model": workers.devices > 1 and carries_state,
    }
    fixes = {
        "`train.precision: mixed_float16`": "take mixed_bfloat16, which needs no scaled loss",
        "`train.max_minutes`": "give train.max_steps: every worker counts the same steps, but not minutes",
        "`--sanity`": "try it with one worker before",
        "a language model": "start a worker for each device with `kerasseq launch`",
    }
    for name, is_wrong in problems.items():
        if is_wrong:
            raise KerasseqError(f"{name} does not go with {several}.\n  fix: {fixes[name]}")
    if carries_state and batch_size % workers.count:
        raise KerasseqError(
            f"`data.batch_size` is {batch_size}, whose rows cannot be dealt to {several} alike.\n"
            f"  fix: take a multiple of {workers.count}"
        )
