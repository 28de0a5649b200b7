"""The sections of a recipe, in the order in which data flows, and what holds between them."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from kerasseq import registry
from kerasseq.errors import Problem, did_you_mean
from kerasseq.recipe.annotations import show
from kerasseq.recipe.other_models import parts_of_other_models
from kerasseq.recipe.reading import Node, node_at
from kerasseq.recipe.rules import broken_rules
from kerasseq.recipe.signatures import Parameter, Signature, part_signature
from kerasseq.specs import Exporter, NonNegativeInt, Options, Part

MODEL = Part("model")
FEATURE = "feature"
DATA = "kerasseq.data.prepare:prepare_data"

SECTIONS = Signature(
    (
        Parameter("seed", NonNegativeInt, 1, "Where every random number starts."),
        Parameter(
            "data",
            Annotated[Any, Options(DATA)],
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
            Annotated[Any, Part("decode")] | None,
            "greedy",
            "How an output is searched for, token by token; null where the model writes no tokens.",
        ),
        Parameter(
            "evaluate",
            Annotated[Any, Options("kerasseq.evaluate.evaluation:evaluate")],
            description="What is measured on the validation and test splits.",
        ),
        Parameter("export", list[Exporter], (), "The forms in which the trained model is written out."),
        Parameter(
            "search",
            Annotated[Any, Options("kerasseq.search_space:search")] | None,
            None,
            "What `kerasseq tune` may change; a run takes the recipe as it stands.",
        ),
    ),
    summary="A kerasseq recipe: one experiment.",
)


def for_model(sections: Signature, root: Node) -> tuple[Signature, Node]:
    """What the model's file says of the other sections, where the model can be told from the recipe.

    The arguments of `DATA`, a `module:function`, are then the keys of the `data` section. `DEFAULTS`, by
    dotted key, are filled in where the recipe gives nothing.
    """
    constants = model_constants(_word_of_model(root))
    if data := constants.get("DATA"):
        parameters = [
            replace(parameter, annotation=Annotated[Any, Options(data)])
            if parameter.name == "data"
            else parameter
            for parameter in sections.parameters
        ]
        sections = replace(sections, parameters=tuple(parameters))
    for key, value in constants.get("DEFAULTS", {}).items():
        root = _filled(root, key.split("."), Node.of(value, root.place))
    return sections, root


def model_constants(word: Any) -> dict[str, Any]:
    """The constants of a model's file; none where there is no such model."""
    return part_signature(MODEL, word).constants if word in registry.names(MODEL.kind) else {}


def data_target(word: str) -> str:
    """The `module:function` that prepares the data of a model."""
    return model_constants(word).get("DATA", DATA)


def _word_of_model(root: Node) -> Any:
    model = root.value.get("model")
    if model is not None and isinstance(model.value, dict):
        model = model.value.get("type")
    return model.value if model is not None and isinstance(model.value, str) else None


def _filled(node: Node, keys: list[str], value: Node) -> Node:
    """The tree with a value at a dotted key, unless something was written there or above.

    A null above says that nothing is given there, so it is filled as well.
    """
    if not isinstance(node.value, dict):
        return node
    first, *rest = keys
    there = node.value.get(first)
    if not rest and there is not None:
        return node
    if rest and (there is None or there.value is None):
        there = Node({}, node.place if there is None else there.place)
    below = _filled(there, rest, value) if rest else value
    return Node({**node.value, first: below}, node.place)


def problems_between_sections(root: Node, values: dict[str, Any]) -> list[Problem]:
    """Finds what the model's file rules out.

    That is features not among its `FIELDS` or of another type than its `FEATURES` name, parts that are for
    other models, and broken `RECIPE_CONSTRAINTS`.
    """
    model = values.get("model")
    if model is None:
        return []
    constants = model_constants(model["type"])
    problems = list(broken_rules(constants.get("RECIPE_CONSTRAINTS", ()), values, root))
    problems += parts_of_other_models(root, values, constants)
    features = (values.get("data") or {}).get("features") or {}
    fields = constants.get("FIELDS", features)
    written = node_at(root, "data", "features")
    for name, feature in features.items():
        if name not in fields:
            message = f"`data.features.{name}` is not a field of the model '{model['type']}'."
            hint = did_you_mean(name, fields)
            problems.append(Problem(message, node_at(written, name).place, tuple(fields), hint))
        elif _is_none_of(feature["type"], wanted := _usable(constants, name)):
            key, place = f"data.features.{name}", node_at(written, name, "type").place
            message = f"`{key}.type` is {show(feature['type'])}, which '{model['type']}' cannot use there."
            problems.append(Problem(message, place, wanted, f"write `{key}: {{type: {wanted[0]}}}`"))
    return problems


def _usable(constants: dict[str, Any], field: str) -> tuple[str, ...]:
    """The features that a model can use for a field; none where its file does not say."""
    wanted = constants.get("FEATURES", {}).get(field, ())
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)


def _is_none_of(word: str, wanted: tuple[str, ...]) -> bool:
    """Whether a feature is not what a model needs; of a user's own one nobody can tell."""
    return bool(wanted) and word not in wanted and registry.path_of(FEATURE, word).is_file()
