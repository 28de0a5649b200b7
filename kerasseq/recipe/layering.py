"""A recipe over its `base`, and overrides over a recipe."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from kerasseq.errors import Problem, RecipeError
from kerasseq.recipe.finding import find_shipped
from kerasseq.recipe.reading import Node, read_file, read_yaml

COMMAND_LINE = "command line"
OVERRIDES = "overrides"
Overrides = Mapping[str, Any] | Iterable[str] | None


def overlay(below: Node, above: Node) -> Node:
    """Lays one value over another: mappings merge key by key, everything else is replaced.

    A part of another `type` starts afresh, for the options below are not its own; options that name
    no type join the part below, be it a mapping or a bare word.
    """
    if not isinstance(above.value, dict):
        return above
    if isinstance(below.value, str):
        below = Node({"type": below}, below.place)
    if not isinstance(below.value, dict):
        return above
    types = [layer.value["type"].value for layer in (below, above) if "type" in layer.value]
    if len(types) == 2 and types[0] != types[1]:
        return above
    merged = dict(below.value)
    for key, value in above.value.items():
        merged[key] = overlay(merged[key], value) if key in merged else value
    return Node(merged, above.place)


def read_layers(path: Path) -> tuple[Node, str]:
    """Reads a recipe and every recipe that it is based on.

    Returns:
        The merged tree without `base`, and the text of `path` itself.
    Raises:
        RecipeError: If one of them cannot be read or the bases run in a circle.
    """
    text = read_file(path)
    return _with_bases(path, text, ()), text


def _with_bases(path: Path, text: str, above: tuple[Path, ...]) -> Node:
    root = read_yaml(text, str(path))
    if not isinstance(root.value, dict):
        kind = "a list" if isinstance(root.value, list) else "a single value"
        problem = Problem(f"A recipe is a mapping of sections; this is {kind}.", place=root.place)
        raise RecipeError([problem])
    base = root.value.get("base")
    if base is None:
        return root
    own = Node({key: value for key, value in root.value.items() if key != "base"}, root.place)
    return overlay(_read_base(path, base, (*above, path.resolve())), own)


def _read_base(path: Path, base: Node, above: tuple[Path, ...]) -> Node:
    if not isinstance(base.value, str):
        raise RecipeError([Problem("`base` is not the path of a recipe.", place=base.place)])
    below = Path(os.path.normpath(path.parent / base.value))
    if not below.is_file():
        below = find_shipped(base.value) or below
    if below.resolve() in above:
        raise RecipeError(
            [Problem(f"`base` is '{base.value}', which is based on this recipe.", place=base.place)]
        )
    if not below.is_file():
        problem = Problem(
            f"`base` is '{base.value}': there is no file {below}, and no recipe of that name ships.",
            place=base.place,
            fix="a path starts at the folder of this recipe",
        )
        raise RecipeError([problem])
    return _with_bases(below, read_file(below), above)


def override(root: Node, overrides: Overrides) -> Node:
    """Lays `train.epochs=3` or `{"train.epochs": 3}` over a recipe.

    Raises:
        RecipeError: If an override is not `key=value`, is not YAML or leads into a list.
    """
    if overrides is None:
        return root
    if isinstance(overrides, str):
        overrides = [overrides]
    items = _given(overrides) if isinstance(overrides, Mapping) else _typed(overrides)
    for key, value in items:
        root = overlay(root, _nest(root, key, value))
    return root


def _given(overrides: Mapping[str, Any]) -> list[tuple[str, Node]]:
    def plain(value: Any) -> Any:
        return os.fspath(value) if isinstance(value, os.PathLike) else value

    return [(str(key), Node.of(plain(value), OVERRIDES)) for key, value in overrides.items()]


def _typed(overrides: Iterable[str]) -> list[tuple[str, Node]]:
    items = []
    for text in overrides:
        key, sign, value = text.partition("=")
        if not sign or not key.strip():
            fix = "write it as key=value: train.epochs=3"
            raise RecipeError([Problem(f"'{text}' is no override.", place=COMMAND_LINE, fix=fix)])
        items.append((key.strip(), _parse(value, text)))
    return items


def _parse(value: str, text: str) -> Node:
    if not value.strip():
        return Node(None, COMMAND_LINE)
    try:
        return _at_command_line(read_yaml(value, COMMAND_LINE))
    except RecipeError as error:
        message = f"'{text}' cannot be read: {error.problems[0].message}"
        raise RecipeError([Problem(message, place=COMMAND_LINE)]) from error


def _at_command_line(node: Node) -> Node:
    if isinstance(node.value, dict):
        return Node({key: _at_command_line(value) for key, value in node.value.items()}, COMMAND_LINE)
    if isinstance(node.value, list):
        return Node([_at_command_line(value) for value in node.value], COMMAND_LINE)
    return Node(node.value, COMMAND_LINE)


def _nest(root: Node, dotted: str, value: Node) -> Node:
    """`{train: {epochs: 3}}` for `train.epochs`; mappings on the way keep the place of what is there."""
    keys = dotted.split(".")
    places, there = [root.place], root
    for depth, key in enumerate(keys):
        if isinstance(there.value, list):
            parent = ".".join(keys[:depth])
            fix = f"give the whole list: {parent}=[…]"
            raise RecipeError(
                [Problem(f"`{parent}` is a list; `{dotted}` leads into it.", value.place, fix=fix)]
            )
        nothing = Node(None, value.place)
        there = there.value.get(key, nothing) if isinstance(there.value, dict) else nothing
        places.append(there.place if isinstance(there.value, dict) else value.place)
    for key, place in zip(reversed(keys), reversed(places[:-1]), strict=True):
        value = Node({key: value}, place)
    return value
