"""MLflow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kerasseq.registry import register
from kerasseq.specs import Supplied


@register("watcher")
class Mlflow:
    """Sends the figures to MLflow, where $MLFLOW_TRACKING_URI says; without it, to the folder `mlruns`.

    Args:
        experiment: The experiment that the run belongs to.
        folder: The run's, whose name the run gets.
        recipe: Its resolved recipe, as text, kept as `recipe.yaml`.
    Raises:
        ImportError: If MLflow is not installed.
    """

    def __init__(self, *, experiment: str = "kerasseq", folder: Supplied[Path], recipe: Supplied[str] = ""):
        try:
            import mlflow
        except ImportError as error:
            raise ImportError("`watch: [mlflow]` needs MLflow: pip install mlflow") from error
        self._mlflow = mlflow
        mlflow.set_experiment(experiment)
        mlflow.start_run(run_name=Path(folder).name)
        if recipe:
            mlflow.log_text(recipe, "recipe.yaml")

    def epoch(self, number: int, logs: Mapping[str, float]) -> None:
        """Notes the figures of an epoch."""
        self._mlflow.log_metrics({name: float(value) for name, value in logs.items()}, step=number)

    def close(self) -> None:
        """Ends the run."""
        self._mlflow.end_run()
