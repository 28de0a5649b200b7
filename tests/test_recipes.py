"""Every shipped recipe is right by the engine and by the schema, and each task trains on shipped data."""

import functools
import re

import jsonschema
import numpy as np
import pytest
from ruamel.yaml import YAML

from kerasseq import pipeline
from kerasseq.errors import RecipeError
from kerasseq.recipe import load_recipe, recipe_schema
from kerasseq.registry import names
from kerasseq.shipped import shipped_datasets, shipped_recipes
from kerasseq.train.step import COMPILED, compile_model
from kerasseq.training import check_monitor
from tests.data.picture_files import picture, write_picture
from tests.data.recordings import tone, write_wav
from tests.task_recipes import OF_TASK

RECIPES = shipped_recipes()


def write_scenes(folder):
    """A few pictures with two captions each, where the recipe looks for its own."""
    for split, number in {"train": 4, "validation": 2, "test": 2}.items():
        rows = ["image,caption"]
        for name in (f"{split}{place}.png" for place in range(number)):
            write_picture(folder / "pictures" / name, picture(seed=len(rows)))
            rows += [f"{name},a red circle", f"{name},a circle above a square"]
        (folder / f"{split}.csv").write_text("\n".join(rows), "utf-8")


def write_digit_strings(folder):
    """A few recordings, where the recipe looks for its own."""
    for split, size in {"train": 8, "validation": 4, "test": 4}.items():
        write_wav(folder / f"{split}.wav", tone(440, rate=8000), rate=8000)
        (folder / f"{split}.csv").write_text("path,transcript\n" + f"{split}.wav,one two\n" * size, "utf-8")


def write_load(folder):
    """The first days of one region."""
    lines = (shipped_datasets()["load"] / "load.csv").read_text("utf-8").splitlines(keepends=True)
    (folder / "load.csv").write_text("".join(lines[:41]), "utf-8")


SMALL = {  # data set, lines of each split or what writes them, and what makes the model small
    "captioner": (
        "scenes",
        write_scenes,
        {"model.image_encoder.filters": [2, 2], "model.embedding_dim": 4, "model.decoder.units": 4},
    ),
    "forecaster": (
        "load",
        write_load,
        {
            "data.context": 6,
            "data.horizon": 2,
            "data.split": {"validation": 8, "test": 8},
            "data.stride": 3,
            "model.encoder.units": 4,
        },
    ),
    "language_model": (
        "verses",
        {"train": (0, 8), "validation": (9, 14), "test": (14, 19)},
        {"data.window": 48, "model.embedding_dim": 4, "model.units": 4},
    ),
    "seq2seq": (
        "dates",
        {"train": (0, 8), "validation": (8, 12), "test": (12, 16)},
        {"model.embedding_dim": 4, "model.encoder.units": 4, "model.decoder.units": 4},
    ),
    "sequence_classifier": (
        "reviews",
        {"train": (0, 8), "validation": (8, 12), "test": (12, 16)},
        {"model.embedding_dim": 4, "model.encoder.units": 4},
    ),
    "sequence_tagger": (
        "tags",
        {"train": (0, 8), "validation": (8, 12), "test": (12, 16)},
        {"model.embedding_dim": 4, "model.encoder.units": 4, "data.features.tags.unseen": "wrong"},
    ),
    "speech_recognizer": (
        "digit_strings",
        write_digit_strings,
        {
            "model.subsampling.filters": 4,
            "model.encoder.units": 4,
        },
    ),
}


checked_recipe = functools.cache(pipeline.check)


def test_the_recipes_that_ship_are_these():
    assert sorted(RECIPES) == [
        "benchmarks/caption_flickr8k_1000",
        "benchmarks/classify_fsdd",
        "benchmarks/classify_sst2",
        "benchmarks/forecast_airline",
        "benchmarks/forecast_etth1",
        "benchmarks/language_model_ptb",
        "benchmarks/language_model_ptb_medium",
        "benchmarks/language_model_ptb_regularized",
        "benchmarks/language_model_tinyshakespeare",
        "benchmarks/recognize_an4",
        "benchmarks/summarize_scitldr",
        "benchmarks/tag_ud_english_ewt",
        "benchmarks/translate_multi30k",
        "caption_scenes",
        "classify_drawn_digits",
        "classify_moving_shapes",
        "classify_reviews",
        "classify_spoken_digits",
        "forecast_load",
        "generate_text",
        "hello",
        "read_numbers",
        "recognize_digits",
        "spell_sounds",
        "summarize_headlines",
        "tag_sentences",
        "translate_dates",
    ]


@pytest.fixture(scope="module")
def validator():
    schema = recipe_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", RECIPES)
def test_it_is_right_by_the_engine(name):
    checked = checked_recipe(name)
    sections = {"seed", "data", "model", "train", "decode", "evaluate", "export", "search"}
    assert set(checked.values) == sections


@pytest.mark.parametrize("name", RECIPES)
def test_it_is_right_by_the_schema(name, validator):
    errors = list(validator.iter_errors(YAML(typ="safe", pure=True).load(RECIPES[name].read_text("utf-8"))))
    assert not errors, [f"{error.json_path}: {error.message}" for error in errors]


@pytest.mark.parametrize("name", RECIPES)
def test_the_resolved_recipe_is_right_by_both(name, validator, tmp_path):
    checked = checked_recipe(name)
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
    if "recognize" in name:
        pytest.importorskip("jiwer")
    check_monitor(checked_recipe(name))


def test_every_data_set_that_ships_has_its_recipe():
    texts = [path.read_text("utf-8") for path in RECIPES.values()]
    used = {folder for text in texts for folder in re.findall(r"(?:train|path): (\w+)/", text)}
    assert set(shipped_datasets()) <= used


def test_every_task_has_a_recipe_here():
    assert sorted(OF_TASK) == names("task") == names("model")


def copy_lines(shipped, folder, splits):
    (train,) = shipped.glob("train.*")
    lines = train.read_text("utf-8").splitlines(keepends=True)
    for split, (first, end) in splits.items():
        text = "".join(lines[first:end])
        (folder / train.name.replace("train", split)).write_text(text, "utf-8")


@pytest.mark.parametrize("task", OF_TASK)
def test_each_task_trains_two_steps_on_shipped_data(task, tmp_path, monkeypatch):
    """Whole runs of these recipes are in test_docs.py."""
    monkeypatch.setenv("KERASSEQ_CACHE", str(tmp_path / "cache"))
    data_set, splits, small = SMALL[task]
    (tmp_path / data_set).mkdir()
    if callable(splits):
        splits(tmp_path / data_set)
    else:
        copy_lines(shipped_datasets()[data_set], tmp_path / data_set, splits)
    checked = pipeline.check(OF_TASK[task], {"data.batch_size": 4, **small})
    run = pipeline.Run(pipeline.RunFolder(tmp_path / "run"), checked.values, data_folder=tmp_path)
    split = run.data.splits["train"]
    assert split.steps == 2 and {"validation", "test"} <= set(run.data.splits)
    losses = list(train_an_epoch(run, split))
    assert len(losses) == 2 and np.isfinite(losses).all()


def train_an_epoch(run, split):
    """The loss of each step of the recipe's model; few enough that none is worth compiling."""
    fitted = run.task.training_model(run.build(), batch_size=split.batch_size)
    train = run.values["train"]
    compile_model(
        fitted,
        loss=run.task.loss(train["label_smoothing"]),
        total_steps=split.steps,
        steps_per_epoch=split.steps,
        **{name: train[name] for name in COMPILED},
    )
    fitted.run_eagerly = True
    fitted.optimizer.build(fitted.trainable_variables)
    for batch in split.epochs(seed=run.values["seed"], first=0, last=1):
        yield fitted.train_on_batch(*run.task.example(batch))


def test_bahdanaus_attention_without_its_feed_is_refused_by_the_recipe():
    overrides = {"model.decoder.attention": "bahdanau", "model.decoder.input_feeding": False}
    with pytest.raises(RecipeError, match="leave `input_feeding` on, or take"):
        load_recipe("translate_dates", overrides)


@pytest.mark.parametrize(
    ("overrides", "fix"),
    [
        ({"decode": None}, "name a way to write, such as sample"),
        ({"train.scheduled_sampling": {}}, "leave it out: a language model is trained on running text"),
        ({"model.cell": "mingru", "model.weight_drop": 0.1}, "the minimal cells have no recurrent product"),
    ],
)
def test_what_a_language_model_cannot_have_is_refused(overrides, fix):
    with pytest.raises(RecipeError, match=fix):
        load_recipe("generate_text", overrides)


def test_dropout_that_nothing_would_feel_is_refused():
    pooled = {"model.pooling": "last", "model.encoder.num_layers": 1, "model.encoder.dropout": 0.5}
    with pytest.raises(RecipeError, match="a single layer's last state is not dropped"):
        load_recipe("classify_reviews", pooled)
