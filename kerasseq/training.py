"""Training a checked recipe in a run folder, from its data to its best weights."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from kerasseq.errors import DataError, Problem, RecipeError, did_you_mean
from kerasseq.opened_run import Run, recorded_folders
from kerasseq.recipe.resolve import Recipe
from kerasseq.resuming import alone, check_same_data, claim, was_trained
from kerasseq.run_folder import RunFolder, write_json, write_text
from kerasseq.workers.alone import Alone


def train_recipe(
    checked: Recipe,
    *,
    out: str | os.PathLike | None = None,
    data: str | os.PathLike | None = None,
    fresh: bool = False,
    sanity: bool = False,
    display: Any = None,
    workers: Alone | None = None,
) -> Run:
    """Trains a recipe's model, or goes on where its run folder left off.

    Args:
        checked: The recipe.
        out: The run folder; `runs/<recipe name>` unless given.
        data: The folder that the recipe's data paths start from; else $KERASSEQ_DATA.
        fresh: Start over where a run is already there.
        sanity: Have the model learn eight examples by heart first, where it was not trained yet.
        display: Shows training as it goes, like `TrainingProgress`; None shows nothing.
        workers: Who takes part; this process alone unless given.
    """
    check_monitor(checked)
    folder = folder_for(checked, out)
    workers = workers or Alone()
    with alone(folder):
        return _train_in(
            folder, checked, data=data, fresh=fresh, sanity=sanity, display=display, workers=workers
        )


def folder_for(recipe: Recipe, out: str | os.PathLike | None = None) -> RunFolder:
    """The run folder of a recipe, unless another one is named."""
    return RunFolder(out if out is not None else Path("runs") / recipe.name)


def _train_in(
    folder: RunFolder,
    checked: Recipe,
    *,
    data: str | os.PathLike | None,
    fresh: bool,
    sanity: bool,
    display: Any,
    workers: Alone,
) -> Run:
    # The recipe of a run reads its data where the run did.
    its_run = RunFolder(checked.folder)
    recorded = recorded_folders(its_run) if its_run.recipe.name == checked.path.name else {}
    claim(folder, checked, fresh=fresh)
    opened = Run(
        folder,
        checked.values,
        data_folder=data or os.environ.get("KERASSEQ_DATA") or recorded.get("data_folder"),
        recipe_folder=recorded.get("recipe_folder") or checked.folder.absolute(),
    )
    write_text(folder.recipe, checked.to_yaml())
    check_same_data(folder, _prepared(opened, workers).checksums)
    return _train(opened, display, workers, sanity=sanity)


def _prepared(opened: Run, workers: Alone) -> Any:
    """The data, which the chief prepares first: the others then find it in the cache.

    Raises:
        DataError: If workers read different files.
    """
    workers.of_chief(lambda: opened.prepare() and None)
    data = opened.data
    if len({*map(tuple, workers.gathered(sorted(data.checksums.values())))}) > 1:
        raise DataError(
            "The workers read different data.\n  fix: give each of them the same files and the same recipe"
        )
    return data


def _train(opened: Run, display: Any, workers: Alone, *, sanity: bool) -> Run:
    from kerasseq.measuring import Measuring, quick_decoder
    from kerasseq.train.loop import train as train_model

    opened.task.stops(opened.decoder)  # said now, not when training is over
    with workers.scope():
        model = opened.build()
    _write_environment(opened, workers, parameters=model.count_params())
    if display is not None:
        display.introduce(opened.folder, counts=opened.data.counts, parameters=model.count_params())
        for feature in opened.features.values():
            for note in getattr(feature, "notes", ()):
                display.say(note)
    if sanity and not was_trained(opened.folder):
        from kerasseq.sanity import check_sanity

        found = check_sanity(opened, quick_decoder(opened.decoder))
        if display is not None:
            display.say(found)
        model = opened.build()  # with the random numbers of the seed
    is_watched = bool(opened.values["train"]["watch"]) and workers.is_chief
    measure = Measuring(opened, model, workers, is_watched=is_watched)
    train_model(
        **opened.values["train"],
        model=model,
        task=opened.task,
        data=opened.data,
        folder=opened.folder,
        seed=opened.values["seed"],
        measure=measure,
        samples=measure.samples,
        display=display,
        workers=workers,
    )
    opened.use(measure.inference)
    return opened


def check_monitor(recipe: Recipe) -> None:
    """Holds that training will log what decides about the best epoch, and what a schedule goes by.

    Raises:
        RecipeError: Names what this recipe logs.
    """
    from kerasseq.evaluate.evaluation import make_metrics, measured_names
    from kerasseq.registry import load
    from kerasseq.train.logs import logged_names

    task = load("task", recipe.values["model"]["type"])
    train = recipe.values["train"]
    allowed = logged_names(
        clipping=train["clipping"],
        scheduled_sampling=train["scheduled_sampling"],
        measured=measured_names(task, make_metrics(recipe.values["evaluate"]["metrics"])),
    )
    watched = {"train.monitor": train["monitor"]}
    if isinstance(train["schedule"], dict) and "monitor" in train["schedule"]:
        watched["train.schedule.monitor"] = train["schedule"]["monitor"]
    for key, monitor in watched.items():
        if monitor not in allowed:
            message = f"`{key}` is '{monitor}', which this recipe does not log."
            hint = did_you_mean(monitor, allowed)
            raise RecipeError([Problem(message, str(recipe.path), tuple(allowed), hint)])


def _write_environment(opened: Run, workers: Alone, *, parameters: int) -> None:
    from kerasseq.environment import describe

    write_json(
        opened.folder.environment,
        {
            **describe(),
            "parameters": parameters,
            "seed": opened.values["seed"],
            "workers": workers.count,
            "command": " ".join(sys.argv),
            "recipe_folder": str(opened.recipe_folder),
            "data_folder": str(Path(opened.data_folder).resolve()) if opened.data_folder else None,
            "data": {"counts": opened.data.counts, "sha256": opened.data.checksums},
        },
    )
