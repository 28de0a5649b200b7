"""The sections of a recipe, in the order in which data flows, and what holds between them."""

from __future__ import annotations

from typing import Annotated, Any

from kerasseq.errors import Problem, did_you_mean
from kerasseq.recipe.reading import Node
from kerasseq.recipe.rules import broken_rules
from kerasseq.recipe.signatures import Parameter, Signature, part_signature
from kerasseq.specs import Exporter, NonNegativeInt, Options, Part

MODEL = Part("model")

SECTIONS = Signature(
    (
        Parameter("seed", NonNegativeInt, 1, "Where every random number starts."),
        Parameter(
            "data",
            Annotated[Any, Options("kerasseq.data.prepare:prepare_data")],
            description="Where examples come from and how they become numbers.",
        ),
        Parameter("model", Annotated[Any, MODEL], description="What is trained."),
        Parameter(
            "train",
            Annotated[Any, Options("kerasseq.train.loop:train")],
            description="How the model is trained.",
        ),
        Parameter(
            "decode",
            Annotated[Any, Part("decode")],
            "greedy",
            "How an output is searched for, token by token.",
        ),
        Parameter(
            "evaluate",
            Annotated[Any, Options("kerasseq.evaluate.evaluation:evaluate")],
            description="What is measured on the validation and test splits.",
        ),
        Parameter("export", list[Exporter], (), "The forms in which the trained model is written out."),
    ),
    summary="A kerasseq recipe: one experiment.",
)


def problems_between_sections(root: Node, values: dict[str, Any]) -> list[Problem]:
    """Finds what the model's file rules out: features not among its `FIELDS`, broken `RECIPE_CONSTRAINTS`."""
    model = values.get("model")
    if model is None:
        return []
    constants = part_signature(MODEL, model["type"]).constants
    problems = list(broken_rules(constants.get("RECIPE_CONSTRAINTS", ()), values, root))
    features = (values.get("data") or {}).get("features") or {}
    fields = constants.get("FIELDS", features)
    written = _at(root, "data", "features")
    for name in features:
        if name not in fields:
            message = f"`data.features.{name}` is not a field of the model '{model['type']}'."
            hint = did_you_mean(name, fields)
            problems.append(Problem(message, _at(written, name).place, tuple(fields), hint))
    return problems


def _at(node: Node, *keys: str) -> Node:
    """The innermost node on the way along `keys` that was written."""
    for key in keys:
        node = node.value.get(key, node) if isinstance(node.value, dict) else node
    return node
