"""Recipes and data sets: what ships, listed, shown and copied, and what can be fetched."""

from __future__ import annotations

import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from kerasseq.errors import KerasseqError, did_you_mean
from kerasseq.run_folder import write_whole
from kerasseq.shipped import shipped_datasets, shipped_recipes

MADE = " (made at first use)"


@dataclass(frozen=True)
class Entry:
    """One line of the catalogue.

    Args:
        name: What the commands call it.
        summary: The first line of what is written about it.
        path: Its file or folder; none of what is still to be fetched.
    """

    name: str
    summary: str
    path: Path | None


def recipes() -> list[Entry]:
    """The recipes that ship; each one's summary is its first comment."""
    return [Entry(name, _first_line(path, "#"), path) for name, path in shipped_recipes().items()]


def show_recipe(recipe: str | os.PathLike) -> str:
    """The text of a recipe, as its author wrote it.

    Raises:
        RecipeError: If there is none of that name.
    """
    from kerasseq.recipe import find_recipe

    return find_recipe(recipe).read_text("utf-8")


def copy_recipe(recipe: str | os.PathLike, to: str | os.PathLike | None = None) -> Path:
    """Copies a recipe, to start from it.

    Args:
        recipe: A shipped recipe's name or a path.
        to: A file or a folder; the working folder unless given.
    Returns:
        The new file.
    Raises:
        RecipeError: If there is none of that name.
        KerasseqError: If the new file is already there.
    """
    from kerasseq.recipe import find_recipe

    source = find_recipe(recipe)
    target = Path(to or ".")
    if target.is_dir():
        target /= source.name
    if target.exists():
        raise KerasseqError(f"{target} is already there.\n  fix: name another file, or remove it first")
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)
    return target


def datasets() -> list[Entry]:
    """The data sets that ship, each with the heading of its README.md, and the public ones to fetch."""
    from kerasseq.data.made_sets import made_sets
    from kerasseq.data.public.sets import public_sets

    made = made_sets()
    shipped = [
        Entry(name, _first_line(path / "README.md", "#") + (MADE if name in made else ""), path)
        for name, path in shipped_datasets().items()
    ]
    public = [
        Entry(name, f"{one.title} (to fetch{f', {one.megabytes:g} MB' if one.megabytes else ''})", None)
        for name, one in public_sets().items()
    ]
    return shipped + public


def prepare_dataset(name: str, out: str | os.PathLike | None = None) -> Path:
    """Puts a shipped data set where it can be looked at and changed; one that ships as a script is made.

    Args:
        name: One of `datasets()`.
        out: The new folder; the data set's name in the working folder unless given.
    Returns:
        The new folder.
    Raises:
        KerasseqError: If there is none of that name, or the folder is already there.
    """
    from kerasseq.data.made_sets import made_set, made_sets
    from kerasseq.data.public.sets import public_sets

    shipped = shipped_datasets()
    if name not in shipped:
        message = f"There is no data set '{name}' that ships.\n  allowed: {', '.join(shipped)}"
        to_fetch = f"kerasseq datasets fetch {name}" if name in public_sets() else ""
        hint = to_fetch or did_you_mean(name, shipped)
        raise KerasseqError(f"{message}\n  fix: {hint}" if hint else message)
    target = Path(out or name)
    if target.exists():
        raise KerasseqError(
            f"{target} is already there.\n  fix: give another folder with --out, or remove it first"
        )
    made = made_set(name) if name in made_sets() else None

    def write(fresh: Path) -> None:
        shutil.copytree(shipped[name], fresh, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        if made:
            shutil.copytree(made, fresh, dirs_exist_ok=True)

    write_whole(target, write)
    return target


def fetch_dataset(name: str, out: str | os.PathLike | None = None) -> Path:
    """Fetches a public data set, and says which recipes read it.

    Args:
        name: One of `datasets()`.
        out: The folder of data sets, which `--data` takes; $KERASSEQ_DATA or `data` unless given.
    Returns:
        The set's folder.
    Raises:
        DataError: If there is none of that name, it cannot be fetched, or it is not what was published.
    """
    from kerasseq.data.locate import DATA_VARIABLE
    from kerasseq.data.public.sets import fetch, paths_in_recipes

    target = Path(out or os.environ.get(DATA_VARIABLE) or "data")
    folder = fetch(name, target)
    paths = paths_in_recipes(name)
    for recipe, file in shipped_recipes().items():
        if any(f" {path}" in file.read_text("utf-8") for path in paths):
            sys.stderr.write(f"kerasseq run {recipe} --data {target}\n")
    return folder


def schema() -> str:
    """The JSON Schema of recipes, as indented JSON."""
    from kerasseq.recipe import recipe_schema

    return json.dumps(recipe_schema(), indent=2, ensure_ascii=False)


def _first_line(path: Path, mark: str) -> str:
    """The first line of a file that says something behind `mark`."""
    if not path.is_file():
        return ""
    with path.open(encoding="utf-8") as lines:
        said = (line.lstrip(mark).strip() for line in lines if line.startswith(mark))
        return next((line for line in said if line and not line.startswith("yaml-language-server")), "")
