"""Weights & Biases."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kerasseq.registry import register
from kerasseq.specs import Supplied


@register("watcher")
class Wandb:
    """Sends the figures to Weights & Biases; $WANDB_MODE=offline keeps them on this machine.

    Args:
        project: The project that the run belongs to.
        folder: The run's, whose name the run gets.
        recipe: Its resolved recipe, as text.
    Raises:
        ImportError: If the client is not installed.
    """

    def __init__(self, *, project: str = "kerasseq", folder: Supplied[Path], recipe: Supplied[str] = ""):
        try:
            import wandb
        except ImportError as error:
            raise ImportError("`watch: [wandb]` needs its client: pip install wandb") from error
        name = Path(folder).name
        self._run = wandb.init(project=project, name=name, config={"recipe": recipe}, resume="allow")

    def epoch(self, number: int, logs: Mapping[str, float]) -> None:
        """Notes the figures of an epoch."""
        self._run.log({name: float(value) for name, value in logs.items()}, step=number)

    def close(self) -> None:
        """Ends the run."""
        self._run.finish()
