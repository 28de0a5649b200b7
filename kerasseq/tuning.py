"""A search over a recipe's own keys: trials are runs, and those that fall behind are cut short."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kerasseq.errors import Interrupted, KerasseqError
from kerasseq.recipe import load_recipe
from kerasseq.recipe.resolve import Recipe, to_yaml
from kerasseq.report.tuning import write_tuning_report
from kerasseq.run_folder import write_text
from kerasseq.search_space import Overrides, combined, suggest
from kerasseq.specs import lower_is_better
from kerasseq.training import train_recipe

INSTALL = "Optuna is not installed.\n  fix: python -m pip install 'optuna>=4'"
ABOUT = "about"  # the study's note of what it searches


class Watcher:
    """A display for training that tells the study of each epoch and ends the trial that falls behind.

    Args:
        trial: The study's trial.
        monitor: What is to be best.
        inner: The display for people, or None.
    Attributes:
        best: The best epoch's value.
    """

    def __init__(self, trial: Any, monitor: str, inner: Any = None):
        self.trial = trial
        self.monitor = monitor
        self.inner = inner
        self.best = math.nan

    def introduce(self, *args: Any, **options: Any) -> None:
        """What will be trained."""

    def start(self, total_steps: int, epochs: int) -> None:
        """Training begins."""

    def step(self, done: int, loss: float, tokens_per_second: float) -> None:
        """A step is done."""

    def epoch_end(self, row: Mapping[str, Any]) -> None:
        """An epoch is done.

        Raises:
            optuna.TrialPruned: If the trial is not worth going on with.
        """
        import optuna

        value = row.get(self.monitor)
        if value is None:
            return  # not measured in this epoch
        better = min if lower_is_better(self.monitor) else max
        if math.isfinite(value):
            self.best = value if math.isnan(self.best) else better(self.best, value)
        self.trial.report(float(value), int(row["epoch"]))
        if self.trial.should_prune():
            raise optuna.TrialPruned

    def stop(self) -> None:
        """Training is over."""


class Trials:
    """A study of one recipe; several processes may add to it at once.

    Args:
        recipe: The recipe.
        wanted: From `check_search`.
        overrides: Those of the command line.
        out: The study's folder: `study.db`, a run folder for each trial, `best.yaml` and `report.html`.
        data: The folder that the recipe's data paths start from.
        storage: Where the study is kept instead, as a database's address, for processes on other machines.
    Raises:
        KerasseqError: If Optuna is missing, or the study was made for another search or cannot be kept.
    """

    def __init__(
        self,
        recipe: Recipe,
        wanted: Mapping[str, Any],
        overrides: Overrides,
        *,
        out: Path,
        data: str | os.PathLike | None = None,
        storage: str | None = None,
    ):
        out.mkdir(parents=True, exist_ok=True)
        self.recipe = recipe
        self.wanted = wanted
        self.overrides = overrides
        self.out = out
        self.data = data
        self._study = _opened(recipe.name, wanted, storage or f"sqlite:///{(out / 'study.db').absolute()}")

    def run(self, say: Callable[[str], None] = print) -> Path:
        """Runs trials until the study has as many as it is to have, and returns the best recipe's path.

        Args:
            say: Told a line for each trial.
        Raises:
            KerasseqError: If no trial came through.
        """
        while len(self._ended()) < self.wanted["trials"]:
            trial = self._study.ask()
            self._sow(self.recipe.values["seed"] + trial.number)
            values = suggest(trial, self.wanted["keys"])
            told = self._tried(trial, values)
            shown = "  ".join(f"{key}={value}" for key, value in values.items())
            say(f"trial {trial.number:>3}  {told}  {shown}")
            self._write()
        if not self._came_through():
            last = self._study.trials[-1].user_attrs.get("problem", "all were cut short")
            raise KerasseqError(f"No trial came through.\n  the last one: {last}")
        return self.out / "best.yaml"

    def _sow(self, seed: int) -> None:
        """Each trial has a seed of its own, so that processes that share a study do not propose the same."""
        import optuna

        samplers = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
        self._study.sampler = samplers[self.wanted["sampler"]](seed=seed)

    def _tried(self, trial: Any, values: Mapping[str, Any]) -> str:
        """Trains a trial, tells the study and says how it went."""
        import optuna
        from optuna.trial import TrialState

        monitor = self.wanted["monitor"]
        watcher = Watcher(trial, monitor)
        problem = ""
        try:
            checked = load_recipe(self.recipe.path, combined(self.overrides, values))
            folder = self.out / "trials" / f"{trial.number:04}"
            train_recipe(checked, out=folder, data=self.data, fresh=True, display=watcher)
        except optuna.TrialPruned:
            self._study.tell(trial, state=TrialState.PRUNED)
            return f"{monitor} {watcher.best:.6g}, cut short"
        except Interrupted:
            raise
        except KerasseqError as error:
            problem = str(error)
        if not problem and math.isnan(watcher.best):
            problem = f"{monitor} was never a finite number"
        if problem:
            trial.set_user_attr("problem", problem)
            self._study.tell(trial, state=TrialState.FAIL)
            return f"failed: {problem.splitlines()[0]}"
        self._study.tell(trial, watcher.best)
        return f"{monitor} {watcher.best:.6g}"

    def _ended(self) -> list[Any]:
        return [trial for trial in self._study.get_trials(deepcopy=False) if trial.state.is_finished()]

    def _came_through(self) -> list[Any]:
        return [trial for trial in self._ended() if trial.state.name == "COMPLETE"]

    def _write(self) -> None:
        """The best recipe so far, and the report."""
        if self._came_through():
            best = load_recipe(self.recipe.path, combined(self.overrides, self._study.best_params)).values
            write_text(self.out / "best.yaml", to_yaml({**best, "search": None}))
        rows = [
            {
                "number": trial.number, "state": trial.state.name.lower(), "values": trial.params,
                "result": trial.value, "problem": trial.user_attrs.get("problem", ""),
            }
            for trial in self._ended()
        ]  # fmt: skip
        path = self.out / "report.html"
        write_tuning_report(path, name=self.recipe.name, monitor=self.wanted["monitor"], trials=rows)


def _opened(name: str, wanted: Mapping[str, Any], storage: str) -> Any:
    """The study, new or as other processes and earlier calls left it."""
    try:
        import optuna
        from sqlalchemy.exc import SQLAlchemyError
    except ImportError as error:
        raise KerasseqError(INSTALL) from error
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warmup = wanted["warmup_epochs"]
    pruners = {
        "median": lambda: optuna.pruners.MedianPruner(n_warmup_steps=warmup),
        "hyperband": lambda: optuna.pruners.HyperbandPruner(min_resource=max(warmup, 1)),
        "none": optuna.pruners.NopPruner,
    }
    direction = "minimize" if lower_is_better(wanted["monitor"]) else "maximize"
    options = {"storage": storage, "study_name": name, "direction": direction, "load_if_exists": True}
    try:
        study = optuna.create_study(pruner=pruners[wanted["pruner"]](), **options)
    except (SQLAlchemyError, ValueError, ImportError) as error:
        raise KerasseqError(f"The study cannot be kept at {storage}: {str(error).splitlines()[0]}") from error
    about = json.dumps({"keys": wanted["keys"], "monitor": wanted["monitor"]}, sort_keys=True)
    if study.user_attrs.get(ABOUT, about) != about:
        message = f"The study '{name}' at {storage} is of another search."
        raise KerasseqError(f"{message}\n  fix: give another --out, or remove the old study")
    study.set_user_attr(ABOUT, about)
    return study
