"""Where a recipe's word leads: the key is the folder, the word is the file.

`cell: gru` is `kerasseq/layers/cells/gru.py`. A file registers one object under its own name; the
names of a kind are known without importing anything, so that a recipe is checked in a blink.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from kerasseq.errors import did_you_mean

FOLDERS = {
    "attention": "layers/attention",
    "averaging": "train/averaging",
    "baseline": "evaluate/baselines",
    "cell": "layers/cells",
    "characters": "layers/characters",
    "decode": "decode",
    "encoder": "layers/encoders",
    "export": "export",
    "feature": "data/features",
    "front_end": "layers/front_ends",
    "image_encoder": "layers/image_encoders",
    "metric": "metrics",
    "model": "models",
    "optimizer": "train/optimizers",
    "panel": "report/panels",
    "pooling": "layers/pooling",
    "schedule": "train/schedules",
    "source": "data/sources",
    "task": "models",
    "tokenizer": "data/tokenizers",
    "watcher": "train/watchers",
}
PACKAGE = Path(__file__).parent

_registered: dict[tuple[str, str], Any] = {}
T = TypeVar("T")


def register(kind: str, name: str | None = None) -> Callable[[T], T]:
    """Makes a class or a builder available to recipes.

    Args:
        kind: One of `FOLDERS`.
        name: The word in the recipe; the name of the file it stands in, unless given.
    Raises:
        ValueError: If the kind is unknown or the name is taken by something else.
    """
    if kind not in FOLDERS:
        raise ValueError(f"`kind` must be one of {', '.join(FOLDERS)}. Received: kind={kind!r}")

    def add(thing: T) -> T:
        word = name or thing.__module__.rpartition(".")[2]
        there = _registered.get((kind, word))
        if there is not None and (there.__module__, there.__qualname__) != (
            thing.__module__,
            thing.__qualname__,
        ):
            raise ValueError(f"`{word}` is already a {kind}: {there.__module__}.{there.__qualname__}")
        _registered[kind, word] = thing
        return thing

    return add


def path_of(kind: str, name: str) -> Path:
    """The file of a shipped part, whether or not it exists."""
    return PACKAGE / FOLDERS[kind] / f"{name}.py"


def names(kind: str) -> list[str]:
    """Every word of a kind: the shipped files that register one, and what was registered since."""
    marker = f'@register("{kind}"'
    shipped = {
        path.stem for path in (PACKAGE / FOLDERS[kind]).glob("*.py") if marker in path.read_text("utf-8")
    }
    return sorted(shipped | {word for found, word in _registered if found == kind})


def registered(kind: str, name: str) -> Any | None:
    """The object registered in this process, or None where its file has not been imported."""
    return _registered.get((kind, name))


def load(kind: str, name: str) -> Any:
    """Imports and returns a part.

    Raises:
        ValueError: If there is none of that name.
    """
    if (kind, name) not in _registered:
        allowed = names(kind)
        if name not in allowed:
            hint = did_you_mean(name, allowed)
            raise ValueError(
                f"`{kind}` must be one of {', '.join(allowed)}. Received: {kind}={name!r}. {hint}".strip()
            )
        importlib.import_module(".".join(["kerasseq", *FOLDERS[kind].split("/"), name]))
    return _registered[kind, name]


def target(name: str) -> Any:
    """The object that `module:name` means."""
    module, _, attribute = name.partition(":")
    return getattr(importlib.import_module(module), attribute)


def create(kind: str, value: Any, *, default: str | None = None, **supplied: Any) -> Any:
    """Builds a part from what a recipe or a caller gives for it.

    Args:
        kind: One of `FOLDERS`.
        value: A word, a mapping with `type` and options, or a ready object, which is returned as it is.
        default: The type that is meant where a mapping has none.
        **supplied: Arguments that the caller fills in.
    Raises:
        ValueError: If the word is unknown or the mapping has no `type`.
    """
    if isinstance(value, str):
        value = {"type": value}
    if not isinstance(value, dict):
        return value
    options = dict(value)
    name = options.pop("type", default)
    if name is None:
        raise ValueError(f"A {kind} needs a `type`: one of {', '.join(names(kind))}. Received: {value!r}")
    return load(kind, name)(**supplied, **options)
