"""A language model from its recipe: states carried, weights averaged, resumed as if never interrupted."""

import json
import shutil

import keras
import numpy as np
import pytest

from kerasseq import pipeline
from kerasseq.run_folder import RunFolder
from kerasseq.shipped import shipped_folder
from tests.tiny_run import variables_of
from tests.train.small_training import history_rows

RECIPE = """\
data:
  source: {type: text, train: verses/train.txt, validation: verses/validation.txt, document: paragraph}
  features: {text: {tokenizer: character}}
  batch_size: 4
  window: 32
  cache_folder: CACHE
model: {type: language_model, embedding_dim: 4, cell: rnn, units: 8, output_dropout: 0.2, slowness_penalty: 1}
train:
  {epochs: 2, optimizer: {type: adam, learning_rate: 0.02}, averaging: {type: ema, decay: 0.9}, watch: []}
decode: {type: sample, seed: 1, max_length: 4}
evaluate: {num_details: 0}
"""
MIXED = {"mixed_bfloat16": "bfloat16", "mixed_float16": "float16"}


def _recipe(folder):
    for split, size in (("train", 40), ("validation", 9)):
        text = (shipped_folder("datasets") / "verses" / f"{split}.txt").read_text("utf-8")
        (folder / "verses").mkdir(exist_ok=True)
        (folder / "verses" / f"{split}.txt").write_text("".join(text.splitlines(True)[:size]), "utf-8")
    text = RECIPE.replace("CACHE", str(folder / "cache"))
    (folder / "verses.yaml").write_text(text, "utf-8")
    return folder / "verses.yaml"


@pytest.mark.parametrize(("precision", "dtype"), MIXED.items())
def test_a_resumed_run_is_the_one_that_was_not_interrupted(tmp_path, monkeypatch, precision, dtype):
    """In half precision, in which the states and the scale of the loss are saved as well."""
    made, fit = [], keras.Model.fit

    def watched(self, *args, **kwargs):
        made.append((self, self.optimizer))
        return fit(self, *args, **kwargs)

    monkeypatch.setattr(keras.Model, "fit", watched)
    recipe, options = _recipe(tmp_path), {"train.precision": precision}
    whole = pipeline.train(recipe, options, out=tmp_path / "whole", quiet=True)
    killed = RunFolder(shutil.copytree(whole.folder.path, tmp_path / "killed"))
    (killed.checkpoints / "epoch_2.npz").unlink()
    resumed = pipeline.train(recipe, options, out=killed.path, quiet=True)
    for (name, one), (_, other) in zip(variables_of(whole.folder), variables_of(killed), strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)
    assert history_rows(killed) == history_rows(whole.folder)

    (_, optimizer), _ = made
    assert isinstance(optimizer, keras.optimizers.LossScaleOptimizer) == (precision == "mixed_float16")
    text = resumed.task.encode_examples({"text": ["a cat"]})
    logits, states = resumed.model.get_layer("tokens")(text["text"])
    assert keras.backend.standardize_dtype(logits.dtype) == "float32"  # the bias is added in full
    assert {keras.backend.standardize_dtype(part.dtype) for part in states[0]} == {dtype}
    assert {weight.dtype for weight in resumed.model.trainable_weights} == {"float32"}
    assert keras.config.dtype_policy().name == "float32"
    if precision == "mixed_bfloat16":
        _check_measured(resumed)


def _check_measured(run):
    found = pipeline.evaluate(run)["validation"]
    assert set(found) == {"loss", "perplexity", "teacher_forced_accuracy", "bits_per_character"}
    assert found["bits_per_character"] == pytest.approx(found["loss"] / np.log(2))
    lines = run.folder.predictions.read_text("utf-8").splitlines()
    assert all(json.loads(line)["prediction"].startswith(json.loads(line)["input"]) for line in lines)
