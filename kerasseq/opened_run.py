"""A run folder at work: its recipe, data and model, each loaded when it is first needed."""

from __future__ import annotations

import csv
import json
import os
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import islice, tee
from pathlib import Path
from typing import Any

from kerasseq.errors import Problem, RecipeError, RunFolderError
from kerasseq.recipe import load_recipe
from kerasseq.run_folder import RunFolder

BATCH_SIZE = 128


class Run:
    """One run, as `kerasseq.run` returns it and `open_run` finds it.

    Args:
        folder: Where it lies.
        values: Its resolved recipe.
        data_folder: Where data paths start, if not in the recipe's folder.
        recipe_folder: Where the recipe was read from.
    """

    def __init__(
        self,
        folder: RunFolder,
        values: dict[str, Any],
        *,
        data_folder: str | os.PathLike | None = None,
        recipe_folder: Path | None = None,
    ):
        self.folder = folder
        self.values = values
        self.data_folder = data_folder
        self.recipe_folder = recipe_folder

    def __repr__(self) -> str:
        return f"Run({str(self.folder.path)!r})"

    @property
    def metrics(self) -> dict[str, Any]:
        """What `metrics.json` holds."""
        return _read_json(self.folder.metrics, "evaluate")

    def seconds_of_training(self) -> float:
        """Seconds of all epochs, from `history.csv`; 0 where that is missing."""
        if not self.folder.history.exists():
            return 0.0
        with self.folder.history.open(encoding="utf-8", newline="") as file:
            return round(sum(float(row["seconds"]) for row in csv.DictReader(file)), 3)

    @cached_property
    def data(self) -> Any:
        """The prepared data; vocabularies are those of the run once it has them."""
        return self.prepare()

    def prepare(self, splits: tuple[str, ...] | None = None) -> Any:
        """Reads, tokenises and caches the data."""
        from kerasseq.data.locate import search_folders
        from kerasseq.recipe.sections import data_target
        from kerasseq.registry import target

        data_folder = None if self.data_folder is None else Path(self.data_folder)
        prepared = target(data_target(self.values["model"]["type"]))(
            **self.values["data"],
            fields=self.task_class.fields,
            folders=search_folders(data_folder=data_folder, recipe_folder=self.recipe_folder),
            vocabulary_folder=self.folder.vocabulary,
            splits=splits,
        )
        self.__dict__["data"] = prepared
        return prepared

    @cached_property
    def features(self) -> dict[str, Any]:
        """For each field how text becomes ids and back; needs no data."""
        if "data" in self.__dict__:
            return self.data.features
        from kerasseq.data.prepare import load_vocabularies

        features = self.make_features()
        load_vocabularies(features, self.folder.vocabulary)
        return features

    def make_features(self) -> dict[str, Any]:
        """The recipe's features, which have learned nothing yet."""
        from kerasseq.recipe.sections import data_target
        from kerasseq.registry import target

        module = data_target(self.values["model"]["type"]).partition(":")[0]
        return target(f"{module}:features_of")(self.values["data"], fields=self.task_class.fields)

    @property
    def task_class(self) -> Any:
        """The class of the task, which can be asked without data or vocabularies."""
        from kerasseq.registry import load

        return load("task", self.values["model"]["type"])

    @cached_property
    def task(self) -> Any:
        """The task of the recipe's model."""
        return self.task_class(self.features)

    @cached_property
    def decoder(self) -> Any:
        """How outputs are searched for; None where the model writes no tokens."""
        from kerasseq.registry import create

        decode = self.values["decode"]
        return None if decode is None else create("decode", decode)

    def build(self, *, is_trained: bool = False) -> Any:
        """A new model with the recipe's seed, or one for trained weights to be loaded into.

        Raises:
            RecipeError: If its parts do not fit each other or the data, in the words of the part.
        """
        import keras

        from kerasseq.models.precision import precision

        keras.utils.set_random_seed(self.values["seed"])
        options = {name: value for name, value in self.values["model"].items() if name != "type"}
        try:
            with precision(self.values["train"]["precision"]):
                return (self.task.rebuild if is_trained else self.task.build)(**options)
        except ValueError as error:
            # Keras puts the arguments of its call below the reason that a layer gave.
            reason = re.search(r"\x1b\[1m(.*?)\x1b\[0m", str(error), re.S)
            raise RecipeError(
                [
                    Problem(
                        f"`model` cannot be built: {reason[1] if reason else error}", str(self.folder.recipe)
                    )
                ]
            ) from error

    @cached_property
    def model(self) -> Any:
        """The trained model.

        Raises:
            RunFolderError: If there is none yet, or it cannot be loaded.
        """
        if not self.folder.model.exists():
            raise RunFolderError(
                f"{self.folder.path} has no trained model yet.\n  fix: train it with `kerasseq run`"
            )
        model = self.build(is_trained=True)
        try:
            with warnings.catch_warnings():
                # Keras leaves weights that it does not find random, with no more than a warning.
                warnings.simplefilter("error", UserWarning)
                model.load_weights(self.folder.model)
        except (OSError, ValueError, KeyError, zipfile.BadZipFile, UserWarning) as error:
            raise RunFolderError(
                f"{self.folder.model} does not fit the run's recipe and vocabulary, or is broken: {error}\n"
                "  fix: run the recipe again, which writes it anew from checkpoints/; add --fresh, which\n"
                "  trains from the start, if another version of kerasseq trained it"
            ) from error
        return model

    def use(self, inference: Any) -> None:
        """Takes a model that was just trained, with what was compiled of it to measure it meanwhile."""
        self.__dict__["model"] = inference.model
        self.__dict__["inference"] = inference.searching_with(self.decoder)

    @cached_property
    def inference(self) -> Any:
        """The model, compiled for decoding and scoring."""
        from kerasseq.memory import keep_freed_memory
        from kerasseq.models.inference import Inference

        keep_freed_memory()
        return Inference(self.task, self.model, self.decoder)

    def predict(self, inputs: Iterable[Any]) -> list[Any]:
        """The answer to each input."""
        return [found["prediction"] for found in self.decode(inputs)]

    def decode(self, inputs: Iterable[Any]) -> Iterator[dict[str, Any]]:
        """For each input, a thousand at a time: `input`, `prediction`, `score` and more."""
        asked, given = tee(self.task.inputs(inputs))
        for one, answer in zip(given, self.inference.answers(asked), strict=True):
            yield {"input": one, **answer}

    def stream(self, given: Any) -> Iterator[str]:
        """The answer to one input, piece by piece as it is written; in one piece if it is not written on."""
        if not (hasattr(self.task, "extend") and hasattr(self.decoder, "extend")):
            yield str(self.predict([given])[0])
            return
        from kerasseq.decode.stream import stream

        encoded = self.task.encode([given])
        chunks = stream(self.inference.open(encoded), self.inference.extend)
        yield from self.task.pieces(encoded, (chunk.tokens for chunk in chunks))

    def score(self, examples: Iterable[tuple[str, ...]]) -> list[dict[str, Any]]:
        """For each example, a value for each field: `score`, its log-probability, its `tokens`, and more."""
        results = []
        fields = self.task.fields
        examples = iter(examples)
        while batch := list(islice(examples, BATCH_SIZE)):
            columns = dict(zip(fields, zip(*batch, strict=True), strict=True))
            found, _ = self.inference.score(self.task.encode_examples(columns))
            for place, example in enumerate(batch):
                row = {name: values[place].item() for name, values in found.items()}
                told = {"score": row["log_probability"]}
                if "num_tokens" in row:
                    told["tokens"] = row["num_tokens"]
                given = dict(zip(fields, example, strict=True))
                results.append({**given, **told, **self.task.figures(row)})
        return results


def open_run(run: Run | str | os.PathLike) -> Run:
    """Opens a run folder; a run that is open already is returned.

    Raises:
        RunFolderError: If there is no run in the folder.
    """
    if isinstance(run, Run):
        return run
    folder = folder_of(run)
    recorded = recorded_folders(folder)
    return Run(
        folder,
        load_recipe(folder.recipe).values,
        data_folder=os.environ.get("KERASSEQ_DATA") or recorded.get("data_folder"),
        recipe_folder=recorded.get("recipe_folder"),
    )


def folder_of(run: Run | str | os.PathLike) -> RunFolder:
    """The folder of a run, which need not be opened for its files to be read.

    Raises:
        RunFolderError: If there is no run in the folder.
    """
    folder = run.folder if isinstance(run, Run) else RunFolder(run)
    if not folder.recipe.exists():
        raise RunFolderError(
            f"{folder.path} is no run folder: it has no recipe.yaml.\n  fix: name the folder of a run"
        )
    return folder


def recorded_folders(folder: RunFolder) -> dict[str, Path]:
    """Where a run's data lay, by `data_folder` and `recipe_folder`, as far as `environment.json` says so."""
    if not folder.environment.exists():
        return {}
    environment = _read_json(folder.environment, "run")
    names = ("data_folder", "recipe_folder")
    return {name: Path(environment[name]) for name in names if environment.get(name)}


def _read_json(path: Path, verb: str) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8"))
        if isinstance(found, dict):
            return found
        problem = f"it holds a {type(found).__name__}, not an object"
    except (OSError, ValueError) as error:
        problem = str(error)
    raise RunFolderError(f"{path} cannot be read: {problem}.\n  fix: write it with `kerasseq {verb}`")
