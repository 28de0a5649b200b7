"""Searches, metrics and baselines that are for other models than a recipe's.

A part's file may say so by a literal: `MODELS`, the models that it is for, or `ANSWERS`, kinds of answers. A
model's `ANSWERS` is the one kind that its answers are: `text`, `class`, `tags` or `numbers`. A metric's
`NEEDS` is the model's option that must have a value for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kerasseq import registry
from kerasseq.errors import Problem
from kerasseq.recipe.annotations import show
from kerasseq.recipe.reading import Node, node_at
from kerasseq.recipe.signatures import part_signature
from kerasseq.specs import Part

LISTS = {"metrics": "metric", "baseline": "baseline"}  # of `evaluate`


def parts_of_other_models(
    root: Node, values: Mapping[str, Any], constants: Mapping[str, Any]
) -> Iterator[Problem]:
    """A problem for each part that is for other models; of a model of the user's own nobody can tell.

    Args:
        root: What was written, for the place.
        values: The resolved recipe.
        constants: Those of the model's file.
    """
    model = values["model"]["type"]
    if not registry.path_of("model", model).is_file():
        return
    if values.get("decode"):
        place = node_at(root, "decode", "type").place
        yield from _problem("decode", "`decode.type` is", values["decode"], model, constants, place)
    if isinstance(encoder := values["model"].get("encoder"), dict):
        place = node_at(root, "model", "encoder", "type").place
        yield from _problem("encoder", "`model.encoder.type` is", encoder, model, constants, place)
    for key, kind in LISTS.items():
        for number, part in enumerate((values.get("evaluate") or {}).get(key) or ()):
            place = node_at(root, "evaluate", key, number, "type").place
            yield from _problem(kind, f"`evaluate.{key}` has", part, model, constants, place)
            yield from _unmet(kind, f"`evaluate.{key}` has", part, values["model"], place)


def _unmet(
    kind: str, said: str, part: Mapping[str, Any], model: Mapping[str, Any], place: str
) -> Iterator[Problem]:
    """A problem where a part reads what the model does not give."""
    needed = part_signature(Part(kind), part["type"]).constants.get("NEEDS")
    if needed in model and not model[needed]:
        fix = f"set `model.{needed}`, or take another {kind}"
        yield Problem(f"{said} {show(part['type'])}, which needs `model.{needed}`.", place, fix=fix)


def _problem(
    kind: str, said: str, part: Mapping[str, Any], model: str, constants: Mapping[str, Any], place: str
) -> Iterator[Problem]:
    word = part["type"]
    if wrong := _wrong(kind, word, model, constants):
        fitting = tuple(name for name in registry.names(kind) if not _wrong(kind, name, model, constants))
        fix = (
            f"take another {'search' if kind == 'decode' else kind}{'' if kind == 'encoder' else ', or none'}"
        )
        yield Problem(f"{said} {show(word)}, which is for {wrong}.", place, fitting, fix)


def _wrong(kind: str, word: str, model: str, constants: Mapping[str, Any]) -> str:
    """What a part is for instead of a model; empty where it is for the model, or its file does not say."""
    its = part_signature(Part(kind), word).constants
    models, kinds, answer = its.get("MODELS"), its.get("ANSWERS"), constants.get("ANSWERS")
    if models is not None and model not in models:
        return f"{' and '.join(models)}, not for {show(model)}"
    if kinds is not None and answer is not None and answer not in kinds:
        return f"answers that are {' or '.join(kinds)}; those of {show(model)} are {answer}"
    return ""
