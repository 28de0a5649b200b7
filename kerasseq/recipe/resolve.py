"""A recipe from its file or its name, with every default written out."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasseq.errors import Problem, RecipeError
from kerasseq.recipe.finding import find_recipe
from kerasseq.recipe.layering import Overrides, override, read_layers
from kerasseq.recipe.sections import SECTIONS, for_model, problems_between_sections
from kerasseq.recipe.signatures import Signature
from kerasseq.recipe.validation import Checker


@dataclass(frozen=True)
class Recipe:
    """A recipe that has been checked.

    Args:
        name: The file's name without its suffix.
        path: The file.
        values: The sections as plain data; every default is in it and every part is a mapping with `type`.
        text: The file as its author wrote it.
    """

    name: str
    path: Path
    values: dict[str, Any]
    text: str

    @property
    def folder(self) -> Path:
        """The folder of the file."""
        return self.path.parent

    def to_yaml(self) -> str:
        """The values as YAML, which loads to the same values."""
        return to_yaml(self.values)


def load_recipe(
    recipe: str | os.PathLike, overrides: Overrides = None, *, sections: Signature = SECTIONS
) -> Recipe:
    """Reads, merges, checks and completes a recipe; no data is read and TensorFlow is not imported.

    Args:
        recipe: The path of a recipe, or the name of a shipped one.
        overrides: `["train.epochs=3"]` or `{"train.epochs": 3}`.
        sections: The signature of the whole recipe.
    Raises:
        RecipeError: Everything that is wrong with it, in the order of the file.
    """
    path = find_recipe(recipe)
    root, text = read_layers(path)
    root = override(root, overrides)
    sections, root = for_model(sections, root)
    checker = Checker()
    values = checker.arguments(root, sections, "")
    problems = checker.problems or problems_between_sections(root, values)
    if problems:
        raise RecipeError(sorted(problems, key=_by_line))
    return Recipe(path.stem, path, values, text)


def to_yaml(values: Any) -> str:
    """Plain data as YAML in block style, keys in their order."""
    from ruamel.yaml import YAML

    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False
    yaml.allow_unicode = True
    yaml.width = 10**6
    yaml.representer.ignore_aliases = lambda data: True
    stream = io.StringIO()
    yaml.dump(values, stream)
    return stream.getvalue()


def _by_line(problem: Problem) -> tuple[bool, str, int]:
    file, _, line = problem.place.rpartition(":")
    return (not file, file, int(line) if line.isdigit() else 0)
