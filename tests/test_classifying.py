"""A classifier from its recipe to its report, and every command on its run folder."""

import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from kerasseq import cli, pipeline
from kerasseq.errors import RecipeError
from tests.tiny_run import UNTRACED, write_recipe

RECIPE = """\
data:
  source: {type: table, train: reviews/train.tsv, validation: reviews/validation.tsv, test: reviews/test.tsv}
  features: {label: {class_weights: balanced}}
  cache_folder: CACHE
model:
  type: sequence_classifier
  embedding_dim: 8
  encoder: {type: recurrent, cell: rnn, units: 6, bidirectional: true}
  pooling: attention
train: {epochs: 1, label_smoothing: 0.1, watch: []}
export: [saved_model]
"""
TEXTS = ["The soup was not bad at all.", "I found the bed dull.", ""]


pytestmark = [*UNTRACED, pytest.mark.usefixtures("few_steps")]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifier")
    return pipeline.run(write_recipe(folder, RECIPE, data_set="reviews"), out=folder / "run", quiet=True)


def test_what_is_measured(run):
    measured = run.metrics["test"]
    assert list(measured) == ["loss", "accuracy", "macro_f1", "calibration_error"]
    counts = np.array(run.metrics["details"]["test"]["confusion"]["counts"])
    assert counts.sum() == 40 and np.trace(counts) / 40 == measured["accuracy"]
    lines = [json.loads(line) for line in run.folder.predictions.read_text().splitlines()]
    assert np.mean([line["prediction"] == line["reference"] for line in lines]) == measured["accuracy"]
    assert list(lines[0]) == ["input", "reference", "prediction", "score", "probabilities", "attention"]
    assert "attention" in lines[19] and "attention" not in lines[20]
    majority = run.metrics["baseline"]["majority"]
    assert 0 < majority["accuracy"] < 1 and "calibration_error" not in majority
    assert set(run.metrics["baseline"]) == {"majority", "bag_of_words"}


def test_the_report_shows_the_matrix_and_the_attention(run):
    text = run.folder.report.read_text("utf-8")
    assert "Confusion matrix" in text and "Attention map" in text and "of the baseline" in text


def test_a_run_answers_by_its_folder_name_alone(run):
    opened = pipeline.open_run(run.folder.path)
    answers = list(run.decode(TEXTS))
    assert opened.features["label"].vocabulary == ["mixed", "negative", "positive"]
    for answer in answers:
        assert answer["score"] == max(answer["probabilities"].values())
    (scored,) = opened.score([(TEXTS[0], "positive")])
    assert scored["score"] == pytest.approx(np.log(answers[0]["probabilities"]["positive"]), abs=1e-4)
    assert "tokens" not in scored and scored["loss"] == -scored["score"]


def test_the_saved_model_says_the_same(run):
    served = tf.saved_model.load(str(run.folder.saved_model))
    found = served.signatures["serving_default"](text=tf.constant(TEXTS))
    for row, answer in enumerate(run.decode(TEXTS)):
        assert found["label"][row].numpy().decode() == answer["prediction"]
        assert float(found["probability"][row]) == pytest.approx(answer["score"], abs=1e-5)
        classes = [name.decode() for name in found["classes"][row].numpy()]
        assert dict(zip(classes, found["probabilities"][row].numpy(), strict=True)) == pytest.approx(
            answer["probabilities"], abs=1e-5
        )
    score = served.signatures["score"]
    found = score(text=tf.constant(TEXTS[:1]), label=tf.constant(["positive"]))["log_probability"]
    assert float(found[0]) == pytest.approx(run.score([(TEXTS[0], "positive")])[0]["score"], abs=1e-5)
    none = served.signatures["serving_default"](text=tf.constant([], tf.string))
    assert none["label"].shape == (0,) and none["probabilities"].shape == (0, 3)
    nothing = tf.constant([], tf.string)
    assert score(text=nothing, label=nothing)["log_probability"].shape == (0,)


def test_the_command_line_predicts_classes(run, monkeypatch, capsys):
    """In a run that it opens by its folder's name."""
    monkeypatch.setattr(sys, "argv", ["kerasseq", "predict", str(run.folder.path)])
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO("\n".join(TEXTS[:2]).encode())))
    with pytest.raises(SystemExit):
        cli.main()
    assert capsys.readouterr().out.splitlines() == run.predict(TEXTS[:2])


def test_explain_and_doctor_know_classes(run):
    recipe = run.folder.path.parent / "tiny.yaml"
    text = pipeline.explain(recipe)
    assert "label  label" in text and "summary" in text and "batches" in text
    assert "data.features.label" in pipeline.explain(recipe, {"data.source.train": "none.tsv"})
    assert "label" in pipeline.doctor(recipe)
    assert "summary, forward" in pipeline.explain(run.folder.path, gradients=True)


@pytest.mark.parametrize(
    ("overrides", "fix"),
    [
        ({"decode": "greedy"}, "a class is not searched for"),
        ({"train.scheduled_sampling": {"schedule": "linear", "k": 5}}, "a classifier writes no tokens"),
        ({"data.share_vocabulary": True}, "classes are not words"),
    ],
)
def test_what_means_nothing_to_a_classifier_is_refused(run, overrides, fix):
    with pytest.raises(RecipeError, match=fix):
        pipeline.check(run.folder.path.parent / "tiny.yaml", overrides)
