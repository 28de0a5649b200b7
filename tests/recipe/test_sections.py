"""A model's file says what its `data` section holds, and has defaults for other sections."""

import jsonschema
import pytest
from ruamel.yaml import YAML

from kerasseq import registry
from kerasseq.errors import RecipeError
from kerasseq.recipe import load_recipe, recipe_schema
from kerasseq.recipe.sections import _is_none_of, _usable
from kerasseq.specs import PositiveInt

DATA = "parts.data.windows:prepare_windows"
DEFAULTS = {"decode": None, "evaluate.metrics": ["rouge"]}
RECIPE = "data: {path: a}\nmodel: windows_model\n"


def build_windows_model(*, units: PositiveInt = 8) -> None:
    """A model of windows.

    Args:
        units: Its width.
    """


@pytest.fixture
def windows_model(sections):
    registry.register("model", "windows_model")(build_windows_model)


def test_the_data_section_is_the_models(load, windows_model):
    values = load(RECIPE).values
    assert values["data"] == {"path": "a", "window": 24}
    assert values["decode"] is None
    assert values["evaluate"]["metrics"] == [{"type": "rouge"}]


def test_what_the_recipe_says_goes_before_the_models_defaults(load, windows_model):
    values = load(RECIPE + "decode: greedy\nevaluate: {metrics: [bleu]}\n").values
    assert values["decode"] == {"type": "greedy"}
    assert [metric["type"] for metric in values["evaluate"]["metrics"]] == ["bleu"]


def test_an_override_of_the_model_changes_the_data_section(load, windows_model):
    with pytest.raises(RecipeError, match="`data.features` is not a key"):
        load(overrides={"model": "windows_model"})


def test_keys_of_another_models_data_are_refused(load, windows_model):
    with pytest.raises(RecipeError) as refused:
        load("data: {path: a, batch_size: 3}\nmodel: windows_model\n")
    assert str(refused.value) == "tiny.yaml:1: `data.batch_size` is not a key.\n  allowed: path, window"


@pytest.mark.parametrize("model", ["windows_model", "{type: windows_model, units: 3}"])
def test_the_schema_goes_by_the_model(sections, windows_model, model):
    schema = recipe_schema(sections)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    parse = YAML(typ="safe", pure=True).load
    assert validator.is_valid(parse(f"data: {{path: a, window: 3}}\nmodel: {model}\n"))
    assert not validator.is_valid(parse(f"data: {{path: a, batch_size: 3}}\nmodel: {model}\n"))
    assert not validator.is_valid(parse("data: {path: a, window: 3}\nmodel: seq2seq\n"))


KINDS = {
    "sequence_classifier": ("table", "{label: text}", "label", "text", "label"),
    "seq2seq": ("parallel", "{target: {type: label}}", "target", "label", "text, open_text"),
    "language_model": ("text", "{text: {type: label}}", "text", "label", "text"),
}


def _shipped(folder, model, source="table", features="{}"):
    path = folder / "a.yaml"
    options = f"{{type: {source}, train: a, validation: a}}"
    path.write_text(f"model: {model}\ndata:\n  source: {options}\n  features: {features}\n")
    return load_recipe(path)


@pytest.mark.parametrize("model", KINDS)
def test_a_feature_that_the_model_cannot_use_is_refused(tmp_path, model):
    source, features, field, found, wanted = KINDS[model]
    with pytest.raises(RecipeError) as refused:
        _shipped(tmp_path, model, source, features)
    assert str(refused.value) == (
        f"{tmp_path}/a.yaml:4: `data.features.{field}.type` is {found!r}, which {model!r} cannot use there.\n"
        f"  allowed: {wanted}\n"
        f"  fix: write `data.features.{field}: {{type: {wanted.split(',')[0]}}}`"
    )


def test_a_feature_of_the_users_own_is_not_judged(tmp_path, monkeypatch):
    monkeypatch.setitem(registry._registered, ("feature", "my_text"), build_windows_model)
    values = _shipped(tmp_path, "sequence_classifier", features="{input: my_text}").values
    assert values["data"]["features"]["input"]["type"] == "my_text"


@pytest.mark.parametrize(("word", "is_usable"), [("text", True), ("label", True), ("numbers", False)])
def test_a_model_may_use_several_features_for_a_field(monkeypatch, tmp_path, word, is_usable):
    tmp_path.joinpath("there").touch()
    monkeypatch.setattr(registry, "path_of", lambda kind, word: tmp_path / "there")
    assert _is_none_of(word, _usable({"FEATURES": {"input": ("text", "label")}}, "input")) is not is_usable
    assert _is_none_of(word, _usable({"FEATURES": {"input": "text"}}, "input")) is (word != "text")
    assert not _is_none_of(word, _usable({}, "input"))


@pytest.mark.parametrize("features", ["null", "{}", "{label: {}}", "{input: {}}"])
def test_defaults_are_filled_in_below_what_is_empty(tmp_path, features):
    values = _shipped(tmp_path, "sequence_classifier", features=features).values
    assert values["data"]["features"]["label"]["type"] == "label"


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (
            "{type: table, train: a}",
            "`data.source.validation` is null and `data.source.validation_share` is null",
        ),
        (
            "{type: folders, train: a, validation: b, validation_share: 0.1}",
            "`data.source.validation` is 'b' and `data.source.validation_share` is 0.1",
        ),
        (
            "{type: table, train: a, validation: b, delimiter: ab}",
            "`data.source.delimiter` is 'ab', against the rule",
        ),
    ],
)
def test_sources_whose_options_contradict_each_other_are_refused(tmp_path, source, told):
    path = tmp_path / "a.yaml"
    path.write_text(f"model: sequence_classifier\ndata:\n  source: {source}\n")
    with pytest.raises(RecipeError) as refused:
        load_recipe(path)
    assert f"{path}:3: {told}" in str(refused.value) and "\n  fix: " in str(refused.value)


def test_shares_of_text_that_is_not_cut_are_refused(tmp_path):
    path = tmp_path / "a.yaml"
    source = "{type: text, train: a, validation: b, test_share: 0.1}"
    path.write_text(f"model: language_model\ndata:\n  source: {source}\n")
    with pytest.raises(RecipeError, match="leave the shares out: they cut a `file`"):
        load_recipe(path)
