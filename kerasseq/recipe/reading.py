"""YAML text as a tree that remembers the line of every value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

from kerasseq.errors import Problem, RecipeError

_TAG = "tag:yaml.org,2002:"
_PLAIN_SCALARS = {_TAG + name for name in ("null", "bool", "int", "float")}


@dataclass(frozen=True)
class Node:
    """A value and where it was written.

    Args:
        value: A scalar, a list of nodes, or a dict from key to node.
        place: `file:line`, or "command line".
    """

    value: Any
    place: str

    @classmethod
    def of(cls, value: Any, place: str) -> Node:
        """Wraps plain data, all of it written at one place."""
        if isinstance(value, dict):
            return cls({str(key): cls.of(item, place) for key, item in value.items()}, place)
        if isinstance(value, (list, tuple)):
            return cls([cls.of(item, place) for item in value], place)
        return cls(value, place)


def read_file(path: Path) -> str:
    """Reads a recipe's text.

    Raises:
        RecipeError: If the file cannot be read or is not UTF-8.
    """
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        problem = Problem(
            f"Byte {error.start} is not UTF-8.",
            place=f"{path}:{line}",
            fix="save the file in the encoding UTF-8",
        )
        raise RecipeError([problem]) from error
    except OSError as error:
        raise RecipeError(
            [Problem(f"The recipe cannot be read: {error.strerror}.", place=str(path))]
        ) from error


def read_yaml(text: str, name: str) -> Node:
    """Parses one YAML document.

    Args:
        text: The document.
        name: The file's name, for the places of values.
    Raises:
        RecipeError: If it is not YAML, is empty, or has a key twice.
    """
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        context = f" {error.context}" if error.context else ""
        place = f"{name}:{mark.line + 1}" if mark else name
        raise RecipeError([Problem(f"This is not YAML: {error.problem}{context}.", place=place)]) from error
    except YAMLError as error:
        raise RecipeError(
            [Problem(f"This is not YAML: {' '.join(str(error).split())}.", place=name)]
        ) from error
    if root is None:
        raise RecipeError([Problem("There is nothing in it.", place=name)])
    return _Builder(name, yaml.constructor).build(root)


class _Builder:
    """Turns ruamel's nodes into ours."""

    def __init__(self, name: str, constructor: Any):
        self.name = name
        self.constructor = constructor
        self.unfinished: list[int] = []

    def build(self, node: Any) -> Node:
        place = f"{self.name}:{node.start_mark.line + 1}"
        if isinstance(node, ScalarNode):
            return Node(self._scalar(node, place), place)
        if id(node) in self.unfinished:
            raise RecipeError([Problem("An anchor contains itself.", place=place)])
        self.unfinished.append(id(node))
        if isinstance(node, SequenceNode):
            value: Any = [self.build(item) for item in node.value]
        else:
            value = self._mapping(node)
        self.unfinished.pop()
        return Node(value, place)

    def _scalar(self, node: ScalarNode, place: str) -> Any:
        tag = str(node.tag)
        if tag in _PLAIN_SCALARS:
            try:
                return self.constructor.construct_object(node)
            except (ValueError, YAMLError):
                return node.value
        if not tag.startswith(_TAG):
            raise RecipeError(
                [Problem(f"The tag {tag} means nothing in a recipe.", place=place, fix="leave it out")]
            )
        return node.value

    def _mapping(self, node: MappingNode) -> dict[str, Node]:
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            place = f"{self.name}:{line}"
            if not isinstance(key_node, ScalarNode):
                raise RecipeError(
                    [Problem("A key is a list or a mapping.", place=place, fix="keys are words")]
                )
            key = key_node.value
            if key == "<<" and key_node.tag == _TAG + "merge":
                merged = {**self._merge(value_node), **merged}
                continue
            if key in own:
                first = own[key].place
                raise RecipeError([Problem(f"The key `{key}` is here twice; first at {first}.", place=place)])
            value = self.build(value_node)
            # A mapping or list is found by its key, a scalar by itself.
            own[key] = value if isinstance(value_node, ScalarNode) else Node(value.value, place)
        return {**merged, **own}

    def _merge(self, node: Any) -> dict[str, Node]:
        found = self.build(node)
        layers = found.value if isinstance(found.value, list) else [found]
        if not all(isinstance(layer.value, dict) for layer in layers):
            raise RecipeError([Problem("`<<` takes a mapping.", place=found.place)])
        return {key: value for layer in reversed(layers) for key, value in layer.value.items()}


def node_at(node: Node, *keys: str | int) -> Node:
    """The innermost node on the way along `keys` that was written."""
    for key in keys:
        if isinstance(node.value, dict):
            node = node.value.get(key, node)
        elif isinstance(node.value, list) and isinstance(key, int) and key < len(node.value):
            node = node.value[key]
    return node
