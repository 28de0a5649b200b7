"""A run that takes seconds: a small model, a few hundred dates, and all that draws random numbers in use."""

import contextlib
import io
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest
import tensorflow as tf

from kerasseq import pipeline
from kerasseq.models.inference import Inference
from kerasseq.shipped import shipped_folder

SIZES = {"train": 256, "validation": 40, "test": 40}
RECIPE = """\
data:
  source: {type: parallel, train: dates/train.tsv, validation: dates/validation.tsv, test: dates/test.tsv}
  features: {source: {tokenizer: character}, target: {tokenizer: character}}
  batch_size: 32
  cache_folder: CACHE
model:
  type: seq2seq
  embedding_dim: 8
  dropout: 0.1
  encoder: {type: recurrent, cell: rnn, units: 8}
  decoder: {cell: rnn, units: 12, attention: luong, input_feeding: false, dropout: 0.1}
train:
  epochs: 2
  optimizer: {type: adam, learning_rate: 0.02}
  schedule: cosine
  scheduled_sampling: {schedule: linear, k: 20, predictions: sampled}
decode: {type: beam, beam_width: 3, num_hypotheses: 3, max_length: 12}
evaluate: {metrics: [exact_match, bleu]}
export: [saved_model]
"""
# The mark of a module whose tests are `untraced`, a fixture of conftest.py.
UNTRACED = [
    pytest.mark.usefixtures("untraced"),
    pytest.mark.filterwarnings("ignore:Even though"),  # that data is prepared in graphs
]
# Four times as quick to train: for what does not depend on the model.
PLAIN = {
    "train.scheduled_sampling": None,
    "train.clipping": None,
    "train.schedule": None,
    "train.watch": [],
    "model.decoder.attention": "none",
    "decode": "greedy",
    "evaluate": {"metrics": [], "num_details": 0},
    "export": [],
}


def write_recipe(folder: Path, text: str = RECIPE, *, data_set: str = "dates") -> Path:
    """Writes `tiny.yaml` and the first lines of a data set below a folder."""
    for split, size in SIZES.items():
        lines = (shipped_folder("datasets") / data_set / f"{split}.tsv").read_text("utf-8").splitlines(True)
        path = folder / data_set / f"{split}.tsv"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(lines[:size]), "utf-8")
    (folder / "tiny.yaml").write_text(text.replace("CACHE", str(folder / "cache")), "utf-8")
    return folder / "tiny.yaml"


def make_tiny_run(folder: Path) -> pipeline.Run:
    """Runs the recipe in an empty folder, into `run` below it."""
    return pipeline.run(write_recipe(folder), out=folder / "run", quiet=True)


def untrained_run(recipe: Path, overrides: dict | None = None, *, seed: int = 0) -> pipeline.Run:
    """A run folder beside a recipe whose model has random weights, large enough that outputs differ."""
    opened = pipeline.Run(
        pipeline.RunFolder(recipe.parent / "run"),
        pipeline.check(recipe, overrides).values,
        recipe_folder=recipe.parent,
    )
    opened.folder.path.mkdir()
    opened.folder.recipe.write_text(pipeline.check(recipe, overrides).to_yaml(), "utf-8")
    opened.prepare()
    model, random = opened.build(), np.random.default_rng(seed)
    shapes = [weight.shape for weight in model.get_weights()]
    model.set_weights([random.normal(0, 0.6 * (len(shape) > 1), shape) for shape in shapes])  # biases stay 0
    model.save(opened.folder.model)
    opened.use(Inference(opened.task, model, opened.decoder))
    return opened


@contextlib.contextmanager
def eagerly():
    """Computes at once: tracing takes longer than a few small batches. An export is a graph all the same."""
    tf.config.run_functions_eagerly(True)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(False)


def variables_of(run_folder: pipeline.RunFolder) -> list:
    """The arrays in model.keras, in their order, without loading the model."""
    with zipfile.ZipFile(run_folder.model) as archive:
        weights = archive.read("model.weights.h5")
    found = []
    with h5py.File(io.BytesIO(weights)) as file:
        file.visititems(
            lambda name, item: found.append((name, item[()])) if isinstance(item, h5py.Dataset) else None
        )
    return sorted(found, key=lambda pair: pair[0])
