"""From a recipe's path or name to its file."""

from __future__ import annotations

import os
from pathlib import Path

from kerasseq.errors import Problem, RecipeError, did_you_mean
from kerasseq.shipped import shipped_recipes


def find_recipe(recipe: str | os.PathLike) -> Path:
    """The file of a recipe.

    Args:
        recipe: A path, or the name of a shipped recipe with or without `.yaml`.
    Raises:
        RecipeError: If there is none; it names those that ship.
    """
    path = Path(recipe)
    if path.is_file():
        return path
    if shipped := find_shipped(recipe):
        return shipped
    if path.is_dir():
        raise RecipeError([Problem(f"'{recipe}' is a folder.", fix="name the recipe's file in it")])
    names = shipped_recipes()
    message = f"There is no recipe '{recipe}': no such file, and none of that name ships."
    raise RecipeError([Problem(message, allowed=tuple(names), fix=did_you_mean(_name_of(recipe), names))])


def find_shipped(recipe: str | os.PathLike) -> Path | None:
    """The file of a shipped recipe by its name, with or without `.yaml`, or None."""
    return shipped_recipes().get(_name_of(recipe))


def _name_of(recipe: str | os.PathLike) -> str:
    path = Path(recipe)
    return path.with_suffix("").as_posix() if path.suffix in (".yaml", ".yml") else path.as_posix()
