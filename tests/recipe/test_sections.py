"""A model's file says what its `data` section holds, and has defaults for other sections."""

import jsonschema
import pytest
from ruamel.yaml import YAML

from kerasseq import registry
from kerasseq.errors import RecipeError
from kerasseq.recipe import recipe_schema
from kerasseq.specs import PositiveInt

DATA = "parts.data.windows:prepare_windows"
DEFAULTS = {"decode": None, "evaluate.metrics": ["rouge"]}
RECIPE = "data: {path: a}\nmodel: forecaster\n"


def build_forecaster(*, units: PositiveInt = 8) -> None:
    """A model of windows.

    Args:
        units: Its width.
    """


@pytest.fixture
def forecaster(sections):
    registry.register("model", "forecaster")(build_forecaster)


def test_the_data_section_is_the_models(load, forecaster):
    values = load(RECIPE).values
    assert values["data"] == {"path": "a", "window": 24}
    assert values["decode"] is None
    assert values["evaluate"]["metrics"] == [{"type": "rouge"}]


def test_what_the_recipe_says_goes_before_the_models_defaults(load, forecaster):
    values = load(RECIPE + "decode: greedy\nevaluate: {metrics: [bleu]}\n").values
    assert values["decode"] == {"type": "greedy"}
    assert [metric["type"] for metric in values["evaluate"]["metrics"]] == ["bleu"]


def test_an_override_of_the_model_changes_the_data_section(load, forecaster):
    with pytest.raises(RecipeError, match="`data.features` is not a key"):
        load(overrides={"model": "forecaster"})


def test_keys_of_another_models_data_are_refused(load, forecaster):
    with pytest.raises(RecipeError) as refused:
        load("data: {path: a, batch_size: 3}\nmodel: forecaster\n")
    assert str(refused.value) == "tiny.yaml:1: `data.batch_size` is not a key.\n  allowed: path, window"


@pytest.mark.parametrize("model", ["forecaster", "{type: forecaster, units: 3}"])
def test_the_schema_goes_by_the_model(sections, forecaster, model):
    schema = recipe_schema(sections)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    parse = YAML(typ="safe", pure=True).load
    assert validator.is_valid(parse(f"data: {{path: a, window: 3}}\nmodel: {model}\n"))
    assert not validator.is_valid(parse(f"data: {{path: a, batch_size: 3}}\nmodel: {model}\n"))
    assert not validator.is_valid(parse("data: {path: a, window: 3}\nmodel: seq2seq\n"))
