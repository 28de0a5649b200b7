"""A language model from its recipe: states carried, weights averaged, resumed as if never interrupted."""

import json

import numpy as np
import pytest

from kerasseq import pipeline
from kerasseq.run_folder import RunFolder
from kerasseq.shipped import shipped_folder
from tests.tiny_run import variables_of

RECIPE = """\
data:
  source: {type: text, train: verses/train.txt, validation: verses/validation.txt, document: paragraph}
  features: {text: {tokenizer: character}}
  batch_size: 4
  window: 32
  cache_folder: CACHE
model: {type: language_model, embedding_dim: 4, cell: gru, units: 8, output_dropout: 0.2, slowness_penalty: 1}
train:
  {epochs: 3, optimizer: {type: adam, learning_rate: 0.02}, averaging: {type: ema, decay: 0.9}, watch: []}
decode: {type: sample, seed: 1, max_length: 4}
"""


def _recipe(folder):
    for split, size in (("train", 40), ("validation", 9)):
        text = (shipped_folder("datasets") / "verses" / f"{split}.txt").read_text("utf-8")
        (folder / "verses").mkdir(exist_ok=True)
        (folder / "verses" / f"{split}.txt").write_text("".join(text.splitlines(True)[:size]), "utf-8")
    text = RECIPE.replace("CACHE", str(folder / "cache"))
    (folder / "verses.yaml").write_text(text, "utf-8")
    return folder / "verses.yaml"


def test_a_resumed_run_is_the_one_that_was_not_interrupted(tmp_path):
    recipe = _recipe(tmp_path)
    whole = pipeline.train(recipe, out=tmp_path / "whole", quiet=True)
    pipeline.train(recipe, {"train.epochs": 1}, out=tmp_path / "resumed", quiet=True)
    resumed = pipeline.train(recipe, out=tmp_path / "resumed", quiet=True)
    for (name, one), (_, other) in zip(variables_of(whole.folder), variables_of(resumed.folder), strict=True):
        np.testing.assert_array_equal(one, other, err_msg=name)
    found = pipeline.evaluate(resumed)["validation"]
    assert set(found) == {"loss", "perplexity", "teacher_forced_accuracy", "bits_per_character"}
    assert found["bits_per_character"] == pytest.approx(found["loss"] / np.log(2))
    lines = RunFolder(tmp_path / "resumed").predictions.read_text("utf-8").splitlines()
    assert all(json.loads(line)["prediction"].startswith(json.loads(line)["input"]) for line in lines)
