"""A captioner from its recipe to its report, with pictures and with what a frozen network makes of them."""

import io
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseq import cli, pipeline
from kerasseq.errors import DataError, RecipeError
from tests.data.picture_files import write_picture

RECIPE = """\
data:
  source: {type: captions, images: pictures, train: train.csv, validation: validation.csv}
  features: {image: {type: image, height: 8}}
  batch_size: 8
  cache_folder: CACHE
model:
  type: captioner
  embedding_dim: 4
  image_encoder: {type: cnn, filters: [4, 4]}
  augmentation: {crop: 0.2}
  decoder: {cell: rnn, units: 6}
train: {epochs: 1, watch: []}
decode: {type: beam, beam_width: 2, num_hypotheses: 2, min_length: 1, max_length: 6}
export: [saved_model]
"""
COLOURS = {"red": (230, 20, 20), "green": (20, 200, 20), "blue": (20, 20, 230)}


def write_recipe(folder):
    """Pictures of one colour each, with two captions, and a recipe."""
    for split, number in {"train": 6, "validation": 3}.items():
        rows = ["image,caption"]
        for place in range(number):
            word = list(COLOURS)[place % 3]
            name = f"{split}{place}.png"
            write_picture(folder / "pictures" / name, np.full((10, 12, 3), COLOURS[word], np.uint8))
            rows += [f"{name},all is {word}", f"{name},{word} on the left"]
        (folder / f"{split}.csv").write_text("\n".join(rows) + "\n", "utf-8")
    (folder / "tiny.yaml").write_text(RECIPE.replace("CACHE", str(folder / "cache")), "utf-8")
    return folder / "tiny.yaml"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("captioner")
    return pipeline.run(write_recipe(folder), out=folder / "run", quiet=True)


def pictures_of(run):
    return sorted(map(str, (run.folder.path.parent / "pictures").glob("validation*.png")))


def test_what_is_measured(run):
    measured = run.metrics["validation"]
    assert {"loss", "perplexity", "cider", "coco_bleu_4", "coco_rouge_l", "distinct"} <= set(measured)
    lines = [json.loads(line) for line in run.folder.predictions.read_text().splitlines()]
    assert [Path(line["input"]).name for line in lines] == [f"validation{place}.png" for place in range(3)]
    assert lines[0]["reference"] == ["all is red", "red on the left"]
    assert np.shape(lines[0]["seen"]["weights"])[1] == 4 and lines[0]["seen"]["grid"] == [2, 2]
    baselines = run.metrics["baseline"]
    assert baselines["nearest_caption"]["coco_bleu_1"] == pytest.approx(100)
    assert "cider" in baselines["constant_caption"]


def test_the_report_shows_the_pictures(run):
    text = run.folder.report.read_text("utf-8")
    assert text.count('<article class="captioned card">') == 3 and "of the baseline" in text


def test_a_run_answers_by_its_folder_name_alone(run, monkeypatch, capsys):
    opened, paths = pipeline.open_run(run.folder.path), pictures_of(run)
    answers = list(run.decode(paths))
    assert [answer["input"] for answer in answers] == paths
    (scored,) = opened.score([(paths[0], "all is red")])
    assert scored["tokens"] == 4 and scored["score"] < 0
    monkeypatch.setattr(sys, "argv", ["kerasseq", "predict", str(run.folder.path)])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("\n".join(paths).encode())))
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().out.splitlines() == [answer["prediction"] for answer in answers]
    with pytest.raises(DataError, match=r"the picture nowhere.png cannot be read"):
        opened.predict(["nowhere.png"])


def check_saved_model(run, *, hypotheses):
    paths = pictures_of(run)
    contents = tf.constant([Path(path).read_bytes() for path in paths])
    served = tf.saved_model.load(str(run.folder.saved_model)).signatures
    found = served["serving_default"](image=contents)
    for row, answer in enumerate(run.decode(paths)):
        assert found["text"][row].numpy().decode() == answer["prediction"]
        assert float(found["score"][row]) == pytest.approx(answer["score"], abs=1e-3)
    assert found["n_best_text"].shape == found["n_best_score"].shape == (3, hypotheses)
    scored = served["score"](image=contents[:1], caption=tf.constant(["all is red"]))
    assert float(scored["log_probability"][0]) == pytest.approx(
        run.score([(paths[0], "all is red")])[0]["score"], abs=1e-3
    )
    nothing = tf.constant([], tf.string)
    assert served["serving_default"](image=nothing)["text"].shape == (0,)
    assert served["score"](image=nothing, caption=nothing)["num_tokens"].shape == (0,)


def test_the_saved_model_says_the_same(run):
    check_saved_model(run, hypotheses=2)


@pytest.fixture
def encoder(tmp_path, monkeypatch):
    """A network as someone fetched it elsewhere; two layers stand in for the hundreds of a real one."""

    def made(*, include_top, weights, input_shape):
        inputs = keras.Input(input_shape)
        maps = keras.layers.BatchNormalization()(keras.layers.Conv2D(6, 16, strides=16)(inputs))
        network = keras.Model(inputs, maps)
        if weights is not None:
            network.load_weights(weights)
        return network

    monkeypatch.setattr(keras.applications, "MobileNetV3Small", made)
    path = tmp_path / "small.weights.h5"
    network = made(include_top=False, weights=None, input_shape=(None, None, 3))
    network.layers[-1].moving_mean.assign([1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    network.save_weights(path)
    return {"type": "application", "network": "MobileNetV3Small", "weights": str(path)}


QUICK = {
    "model.decoder.attention": "none",
    "model.image_as": "input",
    "decode": {"type": "greedy", "max_length": 6},
    "evaluate": {"metrics": [], "num_details": 0, "baseline": []},
}


def check_opened_alone(run):
    """What it started from is gone; the model is the same."""
    opened, paths = pipeline.open_run(run.folder.path), pictures_of(run)
    for one, other in zip(opened.model.get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    ours, theirs = (
        one.model({"image": one.features["image"].encode(paths), "caption": np.array([[2, 4, 5]] * 3)})
        for one in (run, opened)
    )
    np.testing.assert_allclose(theirs, ours, rtol=1e-6)


def test_features_are_made_once_and_go_with_the_run(tmp_path, encoder):
    overrides = {
        **QUICK,
        "data.features.image": {"type": "image_features", "height": 32, "image_encoder": encoder},
        "model.image_encoder": "none",
        "model.image_units": 4,
        "model.augmentation": None,
    }
    made = pipeline.train(write_recipe(tmp_path), overrides, out=tmp_path / "run", quiet=True)
    pipeline.export(made)
    check_saved_model(made, hypotheses=1)
    Path(encoder["weights"]).unlink()
    check_opened_alone(made)


def test_a_fine_tuned_network_opens_without_what_it_started_from(tmp_path, encoder):
    tuned = {**encoder, "learning_rate_multiplier": 0.1}
    overrides = {**QUICK, "data.features.image.height": 32, "model.image_encoder": tuned}
    made = pipeline.train(write_recipe(tmp_path), overrides, out=tmp_path / "run", quiet=True)
    Path(encoder["weights"]).unlink()
    check_opened_alone(made)


def test_explain_and_doctor_know_pictures(run):
    recipe = run.folder.path.parent / "tiny.yaml"
    text = pipeline.explain(recipe)
    assert "image_memory" in text and "looked at in every step, place by place" in text
    assert "image" in pipeline.doctor(recipe)


@pytest.mark.parametrize(
    ("overrides", "fix"),
    [
        ({"decode": None}, "name a way to search, such as greedy or beam"),
        ({"data.share_vocabulary": True}, "a picture has no words"),
        ({"model.image_as": "state"}, "only `image_as: attention` looks at places: write `decoder: "),
        ({"model.decoder.attention": "none"}, "take an attention, or `image_as: state` or `input`"),
        ({"model.decoder.copy": True}, "a picture has no words to copy"),
        ({"model.image_encoder": "none"}, "the feature `image_features` goes with `image_encoder: none`"),
        ({"data.features.image": "image_features"}, "the feature `image_features` goes with"),
        (
            {"data.features.image": "image_features", "model.image_encoder": "none"},
            "features are made once, from the pictures as they are",
        ),
        (
            {"data.features.image": {"type": "image_features", "image_encoder": "cnn"}},
            "only a network that has learned elsewhere need not learn here",
        ),
        (
            {"model.image_encoder": {"type": "application", "weights": None}},
            "give it `learning_rate_multiplier: 1`",
        ),
        ({"data.features.image": "audio"}, "which 'captioner' cannot use there"),
        ({"data.source.test_share": 0.1, "data.source.test": "train.csv"}, "give `test` or a `test_share`"),
    ],
)  # fmt: skip
def test_what_means_nothing_to_a_captioner_is_refused(tmp_path, overrides, fix):
    (tmp_path / "tiny.yaml").write_text(RECIPE, "utf-8")
    with pytest.raises(RecipeError, match=fix):
        pipeline.check(tmp_path / "tiny.yaml", overrides)
