"""Weights & Biases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kerasseq.errors import KerasseqError
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, Sample, Supplied


@register("watcher")
class Wandb:
    """Sends figures and samples to Weights & Biases; $WANDB_MODE=offline keeps them on this machine.

    Each session of a run that is resumed is a run of theirs.

    Args:
        project: The project that the run belongs to.
        folder: The run's, whose name the run gets.
        recipe: Its resolved recipe, as text.
        first_epoch: The number of the epoch that the session begins with.
    Raises:
        KerasseqError: If the client is not installed.
    """

    def __init__(
        self,
        *,
        project: str = "kerasseq",
        folder: Supplied[Path],
        recipe: Supplied[str] = "",
        first_epoch: Supplied[PositiveInt] = 1,
    ):
        try:
            import wandb
        except ImportError as error:
            message = (
                "`train.watch: [wandb]` needs its client.\n  fix: python -m pip install 'kerasseq[wandb]'"
            )
            raise KerasseqError(message) from error
        self._wandb = wandb
        self._run = wandb.init(project=project, name=Path(folder).name, config={"recipe": recipe})

    def epoch(self, number: int, logs: Mapping[str, float]) -> None:
        """Notes the figures of an epoch."""
        self._run.log({name: float(value) for name, value in logs.items()}, step=number)

    def samples(self, number: int, samples: Sequence[Sample]) -> None:
        """Shows answers in a table."""
        columns = ["input", "reference", "prediction"]
        rows = [[getattr(one, column) for column in columns] for one in samples]
        self._run.log({"samples": self._wandb.Table(columns=columns, data=rows)}, step=number)

    def close(self) -> None:
        """Ends the run."""
        self._run.finish()
