"""Taking apart the annotations that options are written in."""

from __future__ import annotations

import types
import typing
from typing import Annotated, Any, Literal, TypeVar

from kerasseq import registry
from kerasseq.specs import Options, Part, Range

SCALARS = {int: "whole number", float: "number", str: "string", bool: "true or false"}
T = TypeVar("T")


def members(annotation: Any) -> tuple[list[Any], bool]:
    """The alternatives of an annotation, and whether null is one of them."""
    if typing.get_origin(annotation) is Annotated:
        inner, *extras = typing.get_args(annotation)
        if typing.get_origin(inner) in (typing.Union, types.UnionType):
            parts, optional = members(inner)
            return [Annotated[(part, *extras)] for part in parts], optional
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        found = [members(member) for member in typing.get_args(annotation)]
        return [part for parts, _ in found for part in parts], any(optional for _, optional in found)
    return ([], True) if annotation in (None, type(None)) else ([annotation], False)


def marker(annotation: Any, kind: type[T]) -> T | None:
    """The `Part`, `Options` or `Range` that an annotation carries."""
    extras = typing.get_args(annotation)[1:] if typing.get_origin(annotation) is Annotated else ()
    return next((extra for extra in extras if isinstance(extra, kind)), None)


def bare(annotation: Any) -> Any:
    """An annotation without its extras."""
    return typing.get_args(annotation)[0] if typing.get_origin(annotation) is Annotated else annotation


def is_scalar(annotation: Any) -> bool:
    """Whether an annotation is a number, text, true or false, or one of some literals."""
    if marker(annotation, Part) or marker(annotation, Options):
        return False
    return bare(annotation) in SCALARS or typing.get_origin(bare(annotation)) is Literal


def item_of(annotation: Any, container: type) -> Any | None:
    """The annotation of the items of a `list[...]`, or of the values of a `dict[str, ...]`."""
    inner = bare(annotation)
    if typing.get_origin(inner) is not container:
        return None
    return typing.get_args(inner)[-1]


def takes_mapping(annotation: Any) -> bool:
    """Whether a mapping can be a value of it."""
    marked = marker(annotation, Part) or marker(annotation, Options)
    return marked is not None or item_of(annotation, dict) is not None


def describe(annotation: Any) -> tuple[str, ...]:
    """What an annotation allows, in words for an error message."""
    parts, optional = members(annotation)
    words = [word for part in parts for word in _describe_member(part)]
    return (*words, "null") if optional else tuple(words)


def words_of(annotation: Any) -> list[str]:
    """The words that an annotation allows: names of parts and literals."""
    words: list[str] = []
    for member in members(annotation)[0]:
        if part := marker(member, Part):
            words += registry.names(part.kind)
        elif typing.get_origin(bare(member)) is Literal:
            words += [word for word in typing.get_args(bare(member)) if isinstance(word, str)]
    return words


def _describe_member(annotation: Any) -> list[str]:
    if part := marker(annotation, Part):
        return registry.names(part.kind) or [f"no {part.kind} exists"]
    if marker(annotation, Options):
        return ["a mapping of options"]
    if typing.get_origin(bare(annotation)) is Literal:
        return [show(value, quote=False) for value in typing.get_args(bare(annotation))]
    if bare(annotation) in SCALARS:
        return [_describe_scalar(SCALARS[bare(annotation)], marker(annotation, Range))]
    if (item := item_of(annotation, list)) is not None:
        return [f"a list of: {', '.join(describe(item))}"]
    if (item := item_of(annotation, dict)) is not None:
        return [f"a mapping from names to: {', '.join(describe(item))}"]
    raise TypeError(f"A recipe cannot hold a {annotation}")


def _describe_scalar(name: str, bounds: Range | None) -> str:
    article = "" if name == SCALARS[bool] else "a "
    if bounds is None:
        return article + name
    return f"{article}positive {name}" if str(bounds) == "positive" else f"{article}{name} {bounds}"


def show(value: Any, quote: bool = True) -> str:
    """A value as its author would know it again."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    return repr(value) if quote else str(value)
