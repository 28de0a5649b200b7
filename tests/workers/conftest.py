"""Two small recipes, and what two workers on this machine made of them."""

import json
from pathlib import Path

import numpy as np
import pytest

from kerasseq.shipped import shipped_folder
from kerasseq.workers import launch as launching

DATES = """\
data:
  source: {type: parallel, train: train.tsv, validation: validation.tsv}
  features: {source: {tokenizer: character}, target: {tokenizer: character}}
  batch_size: 31
  cache_folder: FOLDER/cache
model:
  type: seq2seq
  embedding_dim: 4
  encoder: {type: recurrent, cell: rnn, units: 4, bidirectional: false}
  decoder: {cell: rnn, units: 4, attention: none}
train:
  epochs: 2
  optimizer: {type: adam, learning_rate: 0.02}
  gradient_accumulation: 2
  averaging: ema
  clipping: {global_norm: null, percentile: 50.0, history: 4}
  keep_checkpoints: 9
  watch: []
decode: greedy
evaluate: {metrics: [exact_match], num_details: 0}
"""
TEXT = """\
data:
  source: {type: text, train: train.txt, validation: validation.txt}
  features: {text: {tokenizer: character}}
  batch_size: 4
  window: 8
  cache_folder: FOLDER/cache
model: {type: language_model, embedding_dim: 4, cell: rnn, units: 4}
train:
  epochs: 2
  optimizer: {type: adam, learning_rate: 0.02}
  gradient_accumulation: 2
  averaging: ema
  clipping: {global_norm: null, percentile: 50.0, history: 4}
  keep_checkpoints: 9
  watch: []
evaluate: {num_details: 0, baseline: []}
"""
SIZES = {"train": 63, "validation": 11}  # two batches and a row, which is one worker's alone


def write_recipes(folder: Path) -> None:
    """Writes both recipes and their data into a folder."""
    random = np.random.default_rng(5)
    for split, size in SIZES.items():
        lines = (shipped_folder("datasets") / "dates" / f"{split}.tsv").read_text("utf-8").splitlines(True)
        (folder / f"{split}.tsv").write_text("".join(lines[:size]), "utf-8")
        documents = ["".join(random.choice(list("abc "), 30 + 9 * n)).strip() + "d" for n in range(9)]
        (folder / f"{split}.txt").write_text("\n\n".join(documents) + "\n", "utf-8")
    for name, recipe in (("dates", DATES), ("text", TEXT)):
        (folder / f"{name}.yaml").write_text(recipe.replace("FOLDER", str(folder)), "utf-8")


@pytest.fixture(scope="session")
def together(tmp_path_factory):
    """The folder in which two workers trained both recipes and broke off a third, and what they found.

    See together.py, at whose end the second worker is killed.
    """
    folder = tmp_path_factory.mktemp("together")
    write_recipes(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "-1")
        patch.setattr(launching, "MODULE", (str(Path(__file__).parent / "together.py"),))
        assert launching.launch([str(folder)], workers=2) == 137
    return folder, json.loads((folder / "found.json").read_text())
