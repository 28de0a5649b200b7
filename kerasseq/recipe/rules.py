"""Combinations of options that cannot be, as a part's own file states them.

A file's `CONSTRAINTS` hold between the options of its part; its `RECIPE_CONSTRAINTS`, which a model may have,
hold between sections. Each is a Python expression over option names and what to do where it is false:

    CONSTRAINTS = (("num_hypotheses <= beam_width", "widen the beam or ask for fewer hypotheses"),)
    RECIPE_CONSTRAINTS = (("data.share_vocabulary or not model.share_embeddings", "share both"),)

A part among the options has its word as `type` (`cell.type == 'lstm'`), and its own options beside it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from kerasseq.errors import Problem
from kerasseq.recipe.annotations import show
from kerasseq.recipe.reading import Node

Rules = Iterable[tuple[str, str]]


def broken_rules(rules: Rules, values: dict[str, Any], node: Node, key: str = "") -> Iterator[Problem]:
    """A problem for each rule that does not hold.

    Args:
        rules: Expressions, each with what to do where it is false.
        values: The resolved options.
        node: What was written of them, for the place.
        key: Their dotted key; empty for the whole recipe.
    """
    names = {name: _namespace(value) for name, value in values.items()}
    for rule, fix in rules:
        if eval(rule, {"__builtins__": {}}, names):
            continue
        options = _options_in(rule)
        said = [f"`{f'{key}.' if key else ''}{'.'.join(path)}` is {_show(values, path)}" for path in options]
        written = [found for path in options if (found := _written(node, path))]
        place = (written[0] if written else node).place
        yield Problem(f"{' and '.join(said)}, against the rule: {rule}.", place, fix=fix)


def _namespace(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return SimpleNamespace(**{name: _namespace(child) for name, child in value.items()})


def _options_in(rule: str) -> list[tuple[str, ...]]:
    """The dotted names in an expression, in its order, each once."""
    found: dict[tuple[str, ...], None] = {}

    def visit(node: ast.AST) -> None:
        names: list[str] = []
        inner = node
        while isinstance(inner, ast.Attribute):
            names.insert(0, inner.attr)
            inner = inner.value
        if isinstance(inner, ast.Name):
            found[(inner.id, *names)] = None
        else:
            for child in ast.iter_child_nodes(node):
                visit(child)

    visit(ast.parse(rule, mode="eval"))
    return list(found)


def _show(values: dict[str, Any], path: tuple[str, ...]) -> str:
    value: Any = values
    for name in path:
        value = value[name] if isinstance(value, dict) else None
    return show(value["type"] if isinstance(value, dict) and "type" in value else value)


def _written(node: Node, path: tuple[str, ...]) -> Node | None:
    """What was written at a dotted name, or None where it is a default."""
    for name in path:
        if not isinstance(node.value, dict) or name not in node.value:
            return None
        node = node.value[name]
    return node
