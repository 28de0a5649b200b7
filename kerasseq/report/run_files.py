"""A run folder's files, read into memory; what is not there yet is empty."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from kerasseq.errors import RunFolderError
from kerasseq.run_folder import RunFolder


@dataclass(frozen=True)
class RunFiles:
    """What a report is made of.

    Args:
        name: The recipe's name, which is the folder's.
        recipe: The resolved recipe as text.
        environment: Versions, device, command and data of the run.
        history: A row an epoch; a value is None where it was not measured.
        metrics: For each split, its metrics; and their signatures and the seconds of each stage.
        predictions: A mapping for each test example.
        gradients: For each recurrent layer the norms of its states' gradients.
    """

    name: str
    recipe: str = ""
    environment: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, float | None]] = field(default_factory=list)
    metrics: dict[str, Any] = field(default_factory=dict)
    predictions: list[dict[str, Any]] = field(default_factory=list)
    gradients: dict[str, Any] = field(default_factory=dict)


def read_run(run_folder: RunFolder) -> RunFiles:
    """Reads the files that a run has so far.

    Raises:
        RunFolderError: If the folder is not there, or a file in it is broken.
    """
    if not run_folder.path.is_dir():
        raise RunFolderError(
            f"{run_folder.path} is no run folder.\n  fix: name a folder that `kerasseq run` or `train` wrote"
        )
    return RunFiles(
        name=run_folder.path.resolve().name,
        recipe=_text(run_folder.recipe),
        environment=_mapping(run_folder.environment),
        history=_history(run_folder.history),
        metrics=_mapping(run_folder.metrics),
        predictions=_predictions(run_folder.predictions),
        gradients=_mapping(run_folder.gradients, "explain --gradients"),
    )


def predicted_split(run: RunFiles) -> str:
    """The split that the predictions are of: test, or validation where there is no test split."""
    return "validation" if run.metrics.get("validation") and not run.metrics.get("test") else "test"


def recipe_values(run: RunFiles) -> dict[str, Any]:
    """The recipe as a mapping, empty where there is none.

    Raises:
        RunFolderError: If recipe.yaml is no YAML mapping.
    """
    try:
        found = YAML(typ="safe", pure=True).load(run.recipe) or {}
    except YAMLError as error:
        raise RunFolderError(f"recipe.yaml of run {run.name} is not YAML: {error}") from error
    if not isinstance(found, dict):
        raise RunFolderError(f"recipe.yaml of run {run.name} is no mapping but a {type(found).__name__}.")
    return found


def _broken(path: Path, line: int, problem: str, verb: str) -> RunFolderError:
    return RunFolderError(f"{path}:{line}: {problem}.\n  fix: write the file again with `kerasseq {verb}`")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _mapping(path: Path, verb: str = "evaluate") -> dict[str, Any]:
    try:
        found = json.loads(_text(path) or "{}")
    except json.JSONDecodeError as error:
        raise _broken(path, error.lineno, f"this is not JSON: {error.msg}", verb) from error
    if not isinstance(found, dict):
        raise _broken(path, 1, f"this is no JSON object but a {type(found).__name__}", verb)
    return found


def _predictions(path: Path) -> list[dict[str, Any]]:
    return list(_examples(path)) if path.is_file() else []


def _examples(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                example = json.loads(line)
            except json.JSONDecodeError as error:
                raise _broken(path, number, f"this is not JSON: {error.msg}", "evaluate") from error
            if not isinstance(example, dict):
                raise _broken(path, number, "a prediction is a JSON object", "evaluate")
            yield example


def _history(path: Path) -> list[dict[str, float | None]]:
    if not path.is_file():
        return []
    rows = []
    with path.open(encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        for row in reader:
            try:
                rows.append({name: float(value) if value else None for name, value in row.items()})
            except (TypeError, ValueError) as error:
                raise _broken(path, reader.line_num, f"a value is no number: {error}", "train") from error
    return rows
