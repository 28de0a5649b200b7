"""Every shipped recipe is right by the engine and by the schema, and each task trains on shipped data."""

import jsonschema
import numpy as np
import pytest
from ruamel.yaml import YAML

from kerasseq import pipeline
from kerasseq.errors import RecipeError
from kerasseq.recipe import load_recipe, recipe_schema
from kerasseq.registry import names
from kerasseq.shipped import shipped_datasets, shipped_recipes

RECIPES = shipped_recipes()
OF_TASK = {"seq2seq": "translate_dates"}


def test_the_recipes_that_ship_are_these():
    assert sorted(RECIPES) == ["benchmarks/translate_multi30k", "read_numbers", "translate_dates"]


@pytest.fixture(scope="module")
def validator():
    schema = recipe_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", RECIPES)
def test_it_is_right_by_the_engine(name):
    checked = pipeline.check(name)
    assert set(checked.values) == {"seed", "data", "model", "train", "decode", "evaluate", "export"}


@pytest.mark.parametrize("name", RECIPES)
def test_it_is_right_by_the_schema(name, validator):
    errors = list(validator.iter_errors(YAML(typ="safe", pure=True).load(RECIPES[name].read_text("utf-8"))))
    assert not errors, [f"{error.json_path}: {error.message}" for error in errors]


@pytest.mark.parametrize("name", RECIPES)
def test_the_resolved_recipe_is_right_by_both(name, validator, tmp_path):
    checked = pipeline.check(name)
    (tmp_path / "recipe.yaml").write_text(checked.to_yaml(), "utf-8")
    assert pipeline.check(tmp_path / "recipe.yaml").values == checked.values
    errors = list(validator.iter_errors(YAML(typ="safe", pure=True).load(checked.to_yaml())))
    assert not errors, [f"{error.json_path}: {error.message}" for error in errors]


@pytest.mark.parametrize("name", RECIPES)
def test_it_begins_with_what_it_does_and_its_command(name):
    first, second = RECIPES[name].read_text("utf-8").splitlines()[:2]
    assert first.startswith("# ") and len(first) > 20
    assert second.startswith(f"# kerasseq run {name}")


@pytest.mark.parametrize("name", RECIPES)
def test_what_it_monitors_is_measured(name):
    pipeline._check_monitor(pipeline.check(name))


def test_every_data_set_that_ships_has_its_recipe():
    used = {RECIPES[name].read_text("utf-8").partition("train: ")[2].split("/")[0] for name in RECIPES}
    assert set(shipped_datasets()) <= used


def test_every_task_has_a_recipe_here():
    assert sorted(OF_TASK) == names("task") == names("model")


@pytest.mark.parametrize("task", OF_TASK)
def test_each_task_trains_two_steps_on_shipped_data(task, tmp_path):
    lines = (shipped_datasets()["dates"] / "train.tsv").read_text("utf-8").splitlines(keepends=True)
    for name, few in {"train": lines[:8], "validation": lines[8:12], "test": lines[12:16]}.items():
        (tmp_path / "dates").mkdir(exist_ok=True)
        (tmp_path / "dates" / f"{name}.tsv").write_text("".join(few), "utf-8")
    overrides = {
        "data.batch_size": 4,
        "data.cache_folder": str(tmp_path / "cache"),
        "train.epochs": 1,
        "model.embedding_dim": 4,
        "model.encoder.units": 4,
        "model.decoder.units": 4,
        "export": [],
    }
    run = pipeline.run(OF_TASK[task], overrides, data=tmp_path, out=tmp_path / "run", quiet=True)
    assert run.data.splits["train"].steps == 2
    assert np.isfinite(run.metrics["test"]["loss"])
    assert len(run.predict(["3rd of May 2019"])) == 1


def test_bahdanaus_attention_without_its_feed_is_refused_by_the_recipe():
    overrides = {"model.decoder.attention": "bahdanau", "model.decoder.input_feeding": False}
    with pytest.raises(RecipeError, match="leave `input_feeding` on, or take"):
        load_recipe("translate_dates", overrides)
