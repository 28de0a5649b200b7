"""The JSON Schema takes what the checker takes and refuses what it refuses."""

import jsonschema
import pytest
from ruamel.yaml import YAML

from kerasseq.errors import RecipeError
from kerasseq.recipe import recipe_schema

DATA = "data: {path: a, features: {source: {}, target: {tokenizer: character}}}\n"


@pytest.fixture(scope="module")
def validator(sections_for):
    with pytest.MonkeyPatch.context() as monkeypatch:
        schema = recipe_schema(sections_for(monkeypatch))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def is_valid(validator, text):
    return validator.is_valid(YAML(typ="safe", pure=True).load(text))


@pytest.mark.parametrize(
    "text",
    [
        "model: seq2seq\n",
        "model: {type: seq2seq}\n",
        "model: {type: seq2seq, encoder: {cell: gru}, decoder: {attention: {type: windowed, width: 1}}}\n",
        "model: seq2seq\ntrain: {optimizer: {learning_rate: 1e-3}, clipping: null, schedule: lstm}\n",
        "model: seq2seq\ntrain: {clipping: {global_norm: 1}, schedule: 0.5, weights: {a: 1}}\n",
        "model: seq2seq\ndecode: {type: beam, beam_width: 3}\nexport: [saved_model]\nseed: 0\n",
    ],
)
def test_what_both_take(validator, load, text):
    assert is_valid(validator, DATA + text)
    load(DATA + text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "model: seq2sek\n",
        "model: {type: seq2seq, encoder: {unit: 3}}\n",
        "model: {type: seq2seq, decoder: {attention: windowed}}\n",
        "model: {type: seq2seq, decoder: {attention: {type: windowed, width: 0}}}\n",
        "model: {type: seq2seq, encoder: {type: recurrent, cell: {type: lstm, units: 3}}}\n",
        "model: seq2seq\ntrain: {epochs: 0}\n",
        "model: seq2seq\ntrain: {optimizer: sgd}\n",
        "model: seq2seq\ntrain: {clipping: {}}\n",
        "model: seq2seq\ntrain: {teacher_forcing: 1.5}\n",
        "model: seq2seq\ntrain: {precision: float8}\n",
        "model: seq2seq\ntrain: {note: null}\n",
        "model: seq2seq\nexport: saved_model\n",
        "model: seq2seq\nseed: true\n",
        "model: seq2seq\nsed: 1\n",
    ],
)
def test_what_neither_takes(validator, load, text):
    assert not is_valid(validator, DATA + text)
    with pytest.raises(RecipeError):
        load(DATA + text)


def test_a_resolved_recipe_is_valid(validator, load):
    recipe = load(DATA + "model: {type: seq2seq, decoder: {attention: bahdanau}}\ndecode: beam\n")
    assert is_valid(validator, recipe.to_yaml())


def test_a_recipe_with_a_base_may_leave_anything_to_it(validator):
    assert is_valid(validator, "base: other.yaml\ntrain: {clipping: {until_step: 3}}\n")
    assert not is_valid(validator, "base: other.yaml\ntrian: {epochs: 3}\n")
    assert not is_valid(validator, "base: 3\n")


def test_descriptions_defaults_and_ranges(validator):
    definitions = validator.schema["$defs"]
    prepare = definitions["parts.data.prepare.prepare_data"]
    assert prepare["description"] == "Reads the data."
    assert prepare["required"] == ["path", "features"]
    assert prepare["properties"]["batch_size"] == {
        "type": "integer",
        "exclusiveMinimum": 0,
        "default": 64,
        "description": "Examples in a batch.",
    }
    assert set(prepare["properties"]) == {"path", "features", "batch_size"}
    (words, *mappings) = definitions["cell.without.units.default.lstm"]["oneOf"]
    assert words == {"enum": ["gru", "lstm"]}
    assert [mapping["properties"]["type"]["const"] for mapping in mappings] == ["gru", "lstm"]
    assert [mapping["required"] for mapping in mappings] == [["type"], []]


def test_a_kind_without_parts_takes_nothing(monkeypatch, sections):
    monkeypatch.setattr("kerasseq.registry.names", lambda kind: [])
    schema = recipe_schema(sections)
    assert schema["$defs"]["export"] == {"not": {}}
