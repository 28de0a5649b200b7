"""A recipe is found, completed, written out and read again to the same values."""

import subprocess
import sys
from pathlib import Path

import pytest

from kerasseq.errors import RecipeError
from kerasseq.recipe import find_recipe, load_recipe
from kerasseq.recipe.finding import find_shipped
from kerasseq.recipe.reading import read_yaml
from kerasseq.recipe.resolve import to_yaml
from tests.recipe.test_reading import plain

ROOT = Path(__file__).parents[2]


def test_every_default_is_written_out(load):
    values = load().values
    assert list(values) == ["seed", "data", "model", "train", "decode", "evaluate", "export", "search"]
    assert values["seed"] == 1
    assert values["data"]["features"]["source"] == {
        "type": "text",
        "tokenizer": {"type": "word"},
        "lowercase": False,
    }
    assert values["model"] == {
        "type": "seq2seq",
        "embedding_dim": 64,
        "encoder": {
            "type": "recurrent",
            "cell": {"type": "lstm", "forget_bias": 1.0, "dropout": 0.0},
            "units": 128,
            "num_layers": 1,
            "bidirectional": False,
        },
        "decoder": {
            "cell": {"type": "lstm", "forget_bias": 1.0, "dropout": 0.0},
            "units": 128,
            "attention": None,
        },
    }
    assert values["decode"] == {"type": "greedy"}
    assert values["evaluate"] == {"metrics": []}
    assert values["export"] == []


@pytest.mark.parametrize(
    "overrides",
    [
        [],
        [
            "train.optimizer.learning_rate=1e-7",
            "train.weights={'2': 1e30, 'a: b': 3}",
            "train.note=2019-05-03",
        ],
        ["model.decoder.attention={type: windowed, width: 3}", "decode=beam", "export=[saved_model]"],
        {"train.note": "é 'quoted' # no comment\n  two lines\ttab: yes " + "long " * 50, "data.path": "null"},
        {"train.note": "1e-3", "data.path": "~"},
        {"train.note": "日本語 \U0001f600 \u2028", "data.path": " "},
    ],
)
def test_a_resolved_recipe_resolves_to_itself(load, overrides):
    recipe = load(overrides=overrides)
    again = load(recipe.to_yaml())
    assert again.values == recipe.values
    assert again.to_yaml() == recipe.to_yaml() == again.text


def test_what_a_recipe_knows_of_itself(load):
    text = "# A comment.\ndata: {path: a, features: {}}\nmodel: seq2seq\n"
    recipe = load(text, ["seed=3"])
    assert (recipe.name, recipe.path, recipe.folder, recipe.text) == (
        "tiny",
        Path("tiny.yaml"),
        Path("."),
        text,
    )
    assert recipe.values["seed"] == 3


def test_yaml_is_in_block_style_and_has_no_aliases():
    shared = {"a": [1]}
    text = to_yaml({"z": shared, "y": shared, "x": {}, "w": [], "v": None, "u": 1e-7})
    assert text == "z:\n  a:\n  - 1\ny:\n  a:\n  - 1\nx: {}\nw: []\nv: null\nu: 1e-07\n"
    assert plain(read_yaml(text, "a"))["u"] == 1e-7


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """Two shipped recipes, one of them in a folder."""
    paths = {"dates": tmp_path / "shipped" / "dates.yaml", "small/names": tmp_path / "shipped" / "names.yaml"}
    paths["dates"].parent.mkdir()
    for path in paths.values():
        path.write_text("seed: 1\n", encoding="utf-8")
    monkeypatch.setattr("kerasseq.recipe.finding.shipped_recipes", lambda: paths)
    return paths


@pytest.mark.parametrize("name", ["dates", "dates.yaml"])
def test_a_recipe_by_its_name(folder, shipped, name):
    assert find_recipe(name) == shipped["dates"]
    assert find_shipped(f"small/{name.replace('dates', 'names')}") == shipped["small/names"]
    assert find_shipped("none") is None


def test_a_file_comes_before_a_name(folder, shipped):
    (folder / "dates.yaml").write_text("seed: 2\n", encoding="utf-8")
    assert find_recipe("dates.yaml") == Path("dates.yaml")
    assert find_recipe("dates") == shipped["dates"]


def test_a_recipe_that_is_nowhere(folder, shipped):
    with pytest.raises(RecipeError) as caught:
        load_recipe("date.yaml")
    assert str(caught.value) == (
        "There is no recipe 'date.yaml': no such file, and none of that name ships.\n"
        "  allowed: dates, small/names\n  fix: did you mean 'dates'?"
    )


def test_a_recipe_that_is_a_folder(folder, shipped):
    with pytest.raises(RecipeError) as caught:
        find_recipe("shipped")
    assert str(caught.value) == "'shipped' is a folder.\n  fix: name the recipe's file in it"


def test_checking_a_recipe_imports_neither_tensorflow_nor_keras():
    code = """
import sys, time
sys.path.insert(0, "tests/recipe")
import conftest, pathlib, tempfile
from kerasseq import registry
registry.PACKAGE = conftest.PARTS
start = time.perf_counter()
from kerasseq.recipe import load_recipe
from kerasseq.recipe.signatures import Signature
sections = Signature(tuple(map(conftest._of_parts, conftest.SECTIONS.parameters)))
path = pathlib.Path(tempfile.mkdtemp(), "tiny.yaml")
path.write_text(conftest.SMALLEST)
load_recipe(path, ["train.epochs=3"], sections=sections)
print(*{"tensorflow", "keras", "numpy"} & set(sys.modules), time.perf_counter() - start)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    *heavy, seconds = done.stdout.split()
    assert heavy == []
    assert float(seconds) < 2.0  # about 0.15 on an idle machine
