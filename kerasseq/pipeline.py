"""The whole path, from a recipe to a report: one function for each command.

TensorFlow is imported by the functions that need it, so that `check` answers at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasseq.catalogue import (
    copy_recipe,
    datasets,
    fetch_dataset,
    prepare_dataset,
    recipes,
    schema,
    show_recipe,
)
from kerasseq.opened_run import Run, folder_of, open_run
from kerasseq.recipe import load_recipe
from kerasseq.recipe.resolve import Recipe
from kerasseq.resuming import alone
from kerasseq.run_folder import RunFolder

__all__ = [
    "Run", "check", "compare", "copy_recipe", "datasets", "doctor", "evaluate", "explain", "export",
    "fetch_dataset", "fields", "fill_cores", "launch", "open_run", "predict", "prepare_dataset", "recipes",
    "report", "run", "schema", "score", "show_recipe", "stream", "train", "tune",
]  # fmt: skip

Overrides = Mapping[str, Any] | Sequence[str] | None
RunLike = Run | str | os.PathLike


def check(recipe: str | os.PathLike, overrides: Overrides = None) -> Recipe:
    """Checks a recipe; reads no data and imports no TensorFlow.

    Raises:
        RecipeError: Everything that is wrong with it.
    """
    return load_recipe(recipe, overrides)


def run(
    recipe: str | os.PathLike,
    overrides: Overrides = None,
    *,
    out: str | os.PathLike | None = None,
    data: str | os.PathLike | None = None,
    fresh: bool = False,
    quiet: bool = False,
) -> Run:
    """Checks, prepares, trains or resumes, evaluates, exports and reports.

    Args:
        recipe: A recipe's path, or the name of one that ships.
        overrides: `["train.epochs=3"]` or `{"train.epochs": 3}`.
        out: The run folder; `runs/<recipe name>` unless given.
        data: The folder that the recipe's data paths start from; else $KERASSEQ_DATA.
        fresh: Start over where a run is already there.
        quiet: Print nothing.
    Raises:
        KerasseqError: What is wrong, with its place and how to mend it.
    """
    from kerasseq.joining import joined
    from kerasseq.training import folder_for

    checked = load_recipe(recipe, overrides)
    with joined(checked, out, shown=str(folder_for(checked, out).path)) as team:
        workers = team.workers
        with alone(folder_for(checked, team.out)):
            opened = _train(checked, team, data=data, fresh=fresh, quiet=quiet)
            _evaluate(opened, workers)
            workers.of_chief(lambda: _finish(opened))
        if not quiet and workers.is_chief:
            show(opened)
    return opened


def train(
    recipe: str | os.PathLike,
    overrides: Overrides = None,
    *,
    out: str | os.PathLike | None = None,
    data: str | os.PathLike | None = None,
    fresh: bool = False,
    quiet: bool = False,
    sanity: bool = False,
) -> Run:
    """Trains a recipe's model, or goes on where its run folder left off; arguments as for `run`.

    With `sanity` the model has to learn eight examples by heart first.
    """
    from kerasseq.joining import joined
    from kerasseq.training import folder_for

    checked = load_recipe(recipe, overrides)
    with joined(checked, out, shown=str(folder_for(checked, out).path), sanity=sanity) as team:
        return _train(checked, team, data=data, fresh=fresh, quiet=quiet, sanity=sanity)


def _train(checked: Recipe, team: Any, *, quiet: bool, **options: Any) -> Run:
    from kerasseq.report.terminal import TrainingProgress
    from kerasseq.training import train_recipe

    display = None if quiet or not team.workers.is_chief else TrainingProgress()
    return train_recipe(checked, out=team.out, display=display, workers=team.workers, **options)


def _finish(opened: Run) -> None:
    """What one worker does of a run."""
    export(opened)
    _follow_gradients(opened)
    report(opened)


def _follow_gradients(opened: Run) -> None:
    from kerasseq.gradients import write_gradients

    write_gradients(opened)


def launch(
    recipe: str | os.PathLike,
    overrides: Overrides = None,
    *,
    workers: int = 2,
    only_train: bool = False,
    out: str | os.PathLike | None = None,
    data: str | os.PathLike | None = None,
    fresh: bool = False,
) -> int:
    """Runs a recipe with several workers on this machine; arguments as for `run`.

    With `only_train` it is trained and nothing else. The result is an exit code.
    """
    from kerasseq.workers.launch import command_of
    from kerasseq.workers.launch import launch as launch_workers

    check(recipe, overrides)
    verb = "train" if only_train else "run"
    options = {"--out": out, "--data": data, "--fresh": fresh}
    return launch_workers(command_of(verb, recipe, overrides, options), workers=workers)


def evaluate(run: RunLike) -> dict[str, Any]:
    """Measures a run on its validation and test splits; writes `metrics.json` and `predictions.jsonl`."""
    return _evaluate(open_run(run))


def _evaluate(opened: Run, workers: Any = None) -> dict[str, Any]:
    from kerasseq.evaluate.evaluation import evaluate as evaluate_model

    return evaluate_model(
        **opened.values["evaluate"],
        inference=opened.inference,
        data=opened.data,
        folder=opened.folder,
        extra={"training": opened.seconds_of_training()},
        workers=workers,
    )


def show(run: RunLike) -> None:
    """Prints a run's results, some samples and where its report is."""
    from kerasseq.report.terminal import show_results

    show_results(folder_of(run))


def predict(run: RunLike, inputs: Iterable[Any]) -> Iterable[dict[str, Any]]:
    """The answer to each input, `prediction` and `score`, in their order."""
    return open_run(run).decode(inputs)


def fill_cores(run: RunLike, *, scores: bool) -> None:
    """For a process that does nothing but answer: batches and operations side by side fill the cores.

    It settles the threads of the whole process, so it comes before anything is computed, and only commands
    call it.

    Args:
        run: The run.
        scores: Whether a split is scored as well: a model that carries its states from batch to batch is left
            as it is, since its batches come one after the other.
    """
    from kerasseq.threads import one_thread_an_operation

    if not (scores and open_run(run).task_class.carries_state):
        one_thread_an_operation()


def stream(run: RunLike, text: str) -> Iterator[str]:
    """The answer to one input, piece by piece as it is written."""
    return open_run(run).stream(text)


def fields(run: RunLike) -> tuple[str, ...]:
    """What an example of the run's task has, in order, such as `source` and `target`."""
    return open_run(run).task_class.fields


def score(run: RunLike, examples: Iterable[tuple[str, ...]]) -> list[dict[str, Any]]:
    """For each example, a value for each field: its log-probability, `score`, tokens and perplexity."""
    return open_run(run).score(examples)


def export(run: RunLike) -> str:
    """Writes the model in the forms that the recipe's `export` names; says where."""
    from kerasseq.registry import create

    opened = open_run(run)
    written = []
    for exporter in opened.values["export"]:
        path = create("export", exporter)(
            task=opened.task, model=opened.model, decoder=opened.decoder, folder=opened.folder
        )
        written.append(str(path))
    return "\n".join(written) or f"{opened.folder.recipe}: `export` names nothing to write"


def report(run: RunLike) -> Path:
    """Writes `report.html` from the run folder's files."""
    from kerasseq.report import write_report

    return write_report(folder_of(run))


def explain(
    recipe: str | os.PathLike,
    overrides: Overrides = None,
    *,
    data: str | os.PathLike | None = None,
    gradients: bool = False,
    out: str | os.PathLike | None = None,
) -> str:
    """Shapes, parameters, memory and steps of a recipe, after reading its data.

    Args:
        gradients: Tell instead how far back the gradient of a recipe's model, or of a run folder's, reaches.
        out: The picture of the gradients, `.png`, `.svg` or `.pdf`; that of a run is its gradients.png.
    """
    if gradients:
        from kerasseq.gradients import explain_gradients

        return explain_gradients(recipe, overrides, data=data, out=out)
    from kerasseq.explanation import explain as explain_recipe

    return explain_recipe(load_recipe(recipe, overrides), data)


def doctor(
    recipe: str | os.PathLike | None = None,
    overrides: Overrides = None,
    *,
    data: str | os.PathLike | None = None,
) -> str:
    """The environment and, with a recipe, its data: unknown words, lengths, duplicates, leaks."""
    from kerasseq.examination import examine

    return examine(None if recipe is None else load_recipe(recipe, overrides), data)


def tune(
    recipe: str | os.PathLike,
    overrides: Overrides = None,
    *,
    out: str | os.PathLike | None = None,
    data: str | os.PathLike | None = None,
    storage: str | None = None,
) -> Path:
    """Searches the keys that a recipe's `search` section names; several processes may share one study.

    Args:
        out: The study's folder; `runs/<recipe name>-study` unless given. A study that is there goes on.
        storage: A database's address in place of the study's folder, for processes on several machines.
    Returns:
        The best recipe, `best.yaml`, beside `report.html`, `study.db` and a run folder for each trial.
    Raises:
        KerasseqError: If there is nothing to search, Optuna is missing, or no trial came through.
    """
    from kerasseq.search_space import check_search
    from kerasseq.tuning import Trials

    checked, wanted = check_search(recipe, overrides)
    folder = Path(out) if out is not None else Path("runs") / f"{checked.name}-study"
    return Trials(checked, wanted, overrides, out=folder, data=data, storage=storage).run()


def compare(runs: Sequence[str | os.PathLike]) -> str:
    """Runs side by side: their results, and where their recipes differ."""
    from kerasseq.report.comparison import comparison

    return comparison([RunFolder(path) for path in runs])
