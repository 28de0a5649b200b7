"""Bases and overrides are laid over each other; every value keeps the place it was written at."""

from pathlib import Path

import pytest

from kerasseq.errors import RecipeError

BASE = """\
data: {path: a.tsv, features: {source: {tokenizer: word}, target: {}}}
model: {type: seq2seq, encoder: {type: recurrent, units: 3, cell: {type: lstm, forget_bias: 0}}}
train: {epochs: 7, layer_sizes: [1, 2]}
"""


@pytest.fixture
def over_base(folder, load):
    """Loads a recipe laid over `BASE`."""
    (folder / "base.yaml").write_text(BASE, encoding="utf-8")
    return lambda text, overrides=None: load(f"base: base.yaml\n{text}", overrides)


def refusal(load, *given):
    with pytest.raises(RecipeError) as caught:
        load(*given)
    return str(caught.value)


def test_a_recipe_inherits_what_it_does_not_say(over_base):
    values = over_base("train: {layer_sizes: [5]}\nmodel: {encoder: {num_layers: 2}}\n").values
    assert values["train"]["epochs"] == 7
    assert values["train"]["layer_sizes"] == [5]
    encoder = values["model"]["encoder"]
    assert (encoder["units"], encoder["num_layers"], encoder["cell"]["forget_bias"]) == (3, 2, 0.0)
    assert "base" not in values


def test_a_part_of_another_type_starts_afresh(over_base):
    cell = over_base("model: {encoder: {cell: gru}}\n").values["model"]["encoder"]["cell"]
    assert cell == {"type": "gru", "activation": "tanh"}
    cell = over_base("model: {encoder: {cell: {type: gru, activation: relu}}}\n").values["model"]["encoder"][
        "cell"
    ]
    assert cell == {"type": "gru", "activation": "relu"}


def test_options_join_a_bare_word_below(over_base):
    cell = over_base("", ["model.decoder.cell=gru", "model.decoder.cell.activation=relu"]).values["model"][
        "decoder"
    ]
    assert cell["cell"] == {"type": "gru", "activation": "relu"}


def test_a_base_has_a_base_in_its_own_folder(folder, load):
    (folder / "below").mkdir()
    (folder / "below" / "lowest.yaml").write_text(BASE, encoding="utf-8")
    (folder / "below" / "lower.yaml").write_text("base: lowest.yaml\ntrain: {epochs: 8}\n", encoding="utf-8")
    assert load("base: below/lower.yaml\nseed: 3\n").values["train"]["epochs"] == 8


def test_a_base_may_be_a_shipped_recipe(folder, load, monkeypatch):
    (folder / "lowest.yaml").write_text(BASE, encoding="utf-8")
    shipped = {"small/dates": folder / "lowest.yaml"}
    monkeypatch.setattr("kerasseq.recipe.finding.shipped_recipes", lambda: shipped)
    assert load("base: small/dates.yaml\n").values["train"]["epochs"] == 7


def test_a_mistake_is_reported_where_it_was_written(folder, over_base):
    (folder / "base.yaml").write_text(BASE.replace("epochs: 7", "epochs: x"), encoding="utf-8")
    lines = refusal(over_base, "seed: y\n", ["train.limit=z"]).splitlines()
    places = [line.split("`")[0] for line in lines if line[0] != " "]
    assert places == ["base.yaml:3: ", "tiny.yaml:2: ", "command line: "]


def test_bases_in_a_circle(folder, load):
    (folder / "other.yaml").write_text("seed: 1\nbase: tiny.yaml\n", encoding="utf-8")
    expected = "other.yaml:2: `base` is 'tiny.yaml', which is based on this recipe."
    assert refusal(load, "base: other.yaml\n") == expected
    assert refusal(load, "base: tiny.yaml\n").startswith(
        "tiny.yaml:1: `base` is 'tiny.yaml', which is based on"
    )


def test_a_base_that_is_not_there(load):
    assert refusal(load, "seed: 1\nbase: ../none.yaml\n") == (
        "tiny.yaml:2: `base` is '../none.yaml': there is no file ../none.yaml,"
        " and no recipe of that name ships.\n"
        "  fix: a path starts at the folder of this recipe"
    )


@pytest.mark.parametrize("base", ["3", "null", "[a.yaml]"])
def test_a_base_that_is_no_path(load, base):
    assert refusal(load, f"base: {base}\n") == "tiny.yaml:1: `base` is not the path of a recipe."


@pytest.mark.parametrize(
    "overrides",
    [
        ["train.epochs=3", "train.optimizer.learning_rate=1e-2", "decode={type: beam, beam_width: 2}"],
        ("train={epochs: 3, optimizer: {learning_rate: 0.01}}", "decode=beam", "decode.beam_width=2"),
        {
            "train.epochs": 3,
            "train.optimizer.learning_rate": "1e-2",
            "decode": {"type": "beam", "beam_width": 2},
        },
        {
            "train": {"epochs": 3, "optimizer": {"learning_rate": 0.01}},
            "decode.type": "beam",
            "decode.beam_width": 2,
        },
    ],
)
def test_overrides_as_text_and_as_values(load, overrides):
    values = load(overrides=overrides).values
    assert values["train"]["epochs"] == 3
    assert values["train"]["optimizer"]["learning_rate"] == 0.01
    assert values["decode"]["beam_width"] == 2
    assert values["data"]["path"] == "dates.tsv"


def test_an_override_may_be_null_empty_a_path_or_hold_an_equals_sign(load):
    assert load(overrides="train.limit=").values["train"]["limit"] is None
    assert load(overrides=["data.path=a=b.tsv"]).values["data"]["path"] == "a=b.tsv"
    assert load(overrides={"data.path": Path("a/b")}).values["data"]["path"] == "a/b"
    assert load(overrides={"train.layer_sizes": (1, 2)}).values["train"]["layer_sizes"] == [1, 2]


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("epochs", "command line: 'epochs' is no override.\n  fix: write it as key=value: train.epochs=3"),
        ("=3", "command line: '=3' is no override.\n  fix: write it as key=value: train.epochs=3"),
        ("seed=[1", "command line: 'seed=[1' cannot be read: This is not YAML: expected ',' or ']'"),
        (
            "train.layer_sizes.0=3",
            "command line: `train.layer_sizes` is a list; `train.layer_sizes.0` leads into it.\n"
            "  fix: give the whole list: train.layer_sizes=[…]",
        ),
        ("train.epochs=0", "command line: `train.epochs` is 0.\n  allowed: a positive whole number"),
        (
            "tain.epochs=3",
            "command line: `tain` is not a key.\n"
            "  allowed: seed, data, model, train, decode, evaluate, export, search\n"
            "  fix: did you mean 'train'?",
        ),
        (
            "train.epochs.x=3",
            "command line: `train.epochs` is a mapping.\n  allowed: a positive whole number",
        ),
    ],
)
def test_an_override_that_is_wrong(over_base, override, expected):
    assert refusal(over_base, "", [override]).startswith(expected)


def test_a_wrong_value_from_python_names_the_overrides(load):
    assert refusal(load, "", {"seed": -1}) == "tiny.yaml: There is nothing in it."
    assert "overrides: `seed` is -1." in refusal(load, "model: seq2seq\n", {"seed": -1})


@pytest.mark.parametrize(("text", "kind"), [("[1, 2]", "a list"), ("seq2seq", "a single value")])
def test_a_recipe_that_is_no_mapping(load, text, kind):
    assert refusal(load, text) == f"tiny.yaml:1: A recipe is a mapping of sections; this is {kind}."
