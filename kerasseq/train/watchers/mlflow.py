"""MLflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from kerasseq.errors import KerasseqError
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, Sample, Supplied


@register("watcher")
class Mlflow:
    """Sends figures and samples to MLflow, where $MLFLOW_TRACKING_URI says; without it, to a folder here.

    Each session of a run that is resumed is a run of MLflow's.

    Args:
        experiment: The experiment that the run belongs to.
        folder: The run's, whose name the run gets.
        recipe: Its resolved recipe, as text, kept as `recipe.yaml`.
        first_epoch: The number of the epoch that the session begins with.
    Raises:
        KerasseqError: If MLflow is not installed.
    """

    def __init__(
        self,
        *,
        experiment: str = "kerasseq",
        folder: Supplied[Path],
        recipe: Supplied[str] = "",
        first_epoch: Supplied[PositiveInt] = 1,
    ):
        try:
            import mlflow
        except ImportError as error:
            fix = "python -m pip install 'kerasseq[mlflow]'"
            raise KerasseqError(f"`train.watch: [mlflow]` needs MLflow.\n  fix: {fix}") from error
        self._mlflow = mlflow
        mlflow.set_experiment(experiment)
        mlflow.start_run(run_name=Path(folder).name)
        if recipe:
            mlflow.log_text(recipe, "recipe.yaml")

    def epoch(self, number: int, logs: Mapping[str, float]) -> None:
        """Notes the figures of an epoch."""
        self._mlflow.log_metrics({name: float(value) for name, value in logs.items()}, step=number)

    def samples(self, number: int, samples: Sequence[Sample]) -> None:
        """Keeps answers as text, a file an epoch."""
        told = (f"{one.input}\n= {one.reference}\n> {one.prediction}\n" for one in samples)
        self._mlflow.log_text("\n".join(told), f"samples/epoch_{number}.txt")

    def close(self) -> None:
        """Ends the run."""
        self._mlflow.end_run()
