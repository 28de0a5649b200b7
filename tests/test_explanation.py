"""What `explain` says of a recipe: numbers that are counted by hand, and why each loop is as it is."""

import re

import pytest

from kerasseq import explanation
from kerasseq.explanation import explain
from kerasseq.recipe import load_recipe

RECIPE = """
data:
  source: {type: parallel, train: train.tsv, validation: train.tsv}
  features:
    source: {tokenizer: {type: character, vocabulary_size: 40}}
    target: {tokenizer: {type: character, vocabulary_size: 50}, max_length: 3}
  batch_size: 4
model:
  type: seq2seq
  embedding_dim: 3
  encoder: {type: recurrent, cell: gru, units: 2}
  decoder: {cell: gru, units: 2, attention: bahdanau}
train: {epochs: 5, optimizer: sgd}
"""
PAIRS = ["ab\tab", "abc\tabc", "abcd\tabcd", "b\tb", "c\tc", "a\ta"]


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    monkeypatch.setenv("KERASSEQ_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(explanation, "TIMED_STEPS", 2)
    (tmp_path / "train.tsv").write_text("\n".join(PAIRS), encoding="utf-8")
    path = tmp_path / "a.yaml"
    path.write_text(RECIPE, encoding="utf-8")
    return lambda *overrides: load_recipe(path, overrides)


def rows(text):
    return [line.split() for line in text.splitlines()]


def test_data_model_and_time(recipe):
    text = explain(recipe())
    found = rows(text)
    assert ["train", "5", "6", "1", "0"] in found
    assert ["source", "character", "8", "1", "3"] in found  # a b c d and four special tokens
    assert ["target", "character", "8", "1", "3"] in found
    assert ["source_embedding", "(batch,", "time,", "3)", "24"] in found
    assert ["encoder", "(batch,", "time,", "2)", "42"] in found  # (3 + 2) * 6 and two biases of 6
    parameters = [int(row[-1]) for row in found if len(row) > 2 and row[1].startswith("(batch")]
    assert ["all", str(sum(parameters))] in found
    assert "steps      2 an epoch of 4 rows each, 10 in 5 epochs\n" in text
    assert re.search(r"^batches    source \(1-4, 7\), target \(1-4, 7\)$", text, re.M)
    assert "attention  inside the loop: the next step's cell reads its context\n" in text
    assert "training   teacher forcing: " in text
    assert re.search(r"^time       about [\d.]+ \w+ an epoch, [\d.]+ \w+ in all$", text, re.M)
    assert "measured: 2 steps on a model that was thrown away" in text


def test_a_training_that_ends_before_its_epochs_is_estimated_as_such(recipe):
    text = explain(recipe("train.max_steps=3", "train.max_minutes=1e-9", "train.precision=mixed_bfloat16"))
    steps = "2 an epoch of 4 rows each, 3 in all: `train.max_steps` comes before the end of 5 epochs"
    assert f"steps      {steps}\n" in text
    assert re.search(r"^time       about [\d.]+ \w+ an epoch, 0.0 s in all$", text, re.M)


def test_weights_are_counted_once_though_two_layers_share_them(recipe, tmp_path):
    share = ("data.share_vocabulary=true", "model.share_embeddings=true", "data.source.train=none.tsv")
    share += ("data.features.source.tokenizer.vocabulary_size=50",)
    parts = {row[0]: row for row in rows(explain(recipe(*share))) if row}
    assert parts["source_embedding"][-1] == "150"
    assert "target_embedding" not in parts
    total = sum(int(row[-1]) for row in parts.values() if len(row) > 2 and row[1].startswith("(batch"))
    assert parts["all"][-1] == str(total)


def test_without_data_it_takes_the_vocabulary_limits(recipe, tmp_path):
    text = explain(recipe("data.source.train=none.tsv"))
    assert text.startswith(
        "The data cannot be read. `data.source.train` is not there: none.tsv\n  looked at: "
    )
    assert "What follows assumes full vocabularies: source 40, target 50\n" in text
    assert ["source_embedding", "(batch,", "time,", "3)", "120"] in rows(text)
    assert "memory" in text
    assert "time  " not in text


def test_without_data_and_limits_it_says_what_is_missing(recipe):
    text = explain(
        recipe("data.source.train=none.tsv", "data.features.source.tokenizer.vocabulary_size=null")
    )
    missing = "data.features.source.tokenizer.vocabulary_size"
    assert text.endswith(f"The model's size depends on it, or on what it does not give: {missing}")


@pytest.mark.parametrize(
    ("overrides", "line"),
    [
        (["model.decoder.attention=none"], "attention  none"),
        (
            ["model.decoder.attention=luong"],
            "attention  inside the loop: `input_feeding` hands its vector to the next step",
        ),
        (
            ["model.decoder.attention=luong", "model.decoder.input_feeding=false"],
            "attention  outside the loop, once for all steps: `input_feeding` is off",
        ),
        (
            ["train.scheduled_sampling={}"],
            "training   scheduled sampling: token by token, because each may be the model's own",
        ),
        (
            ["train.scheduled_sampling={mode: parallel}"],
            "training   scheduled sampling: teacher forcing twice, then with the model's own tokens mixed in",
        ),
        ([], "training   teacher forcing: all tokens in one loop, the vocabulary once for all steps"),
    ],
)
def test_why_a_loop_is_as_it_is(recipe, overrides, line):
    assert line in explain(recipe("data.source.train=none.tsv", *overrides)).splitlines()


def test_a_clock_leaves_the_warm_up_out_and_stops_in_time(monkeypatch):
    clock = explanation._Clock()
    clock.set_model(type("Model", (), {"stop_training": False})())
    ends = iter([0.0, 5.0, 6.0, 7.0, 9.0, 40.0])
    monkeypatch.setattr(explanation.time, "perf_counter", lambda: next(ends))
    for batch in range(5):
        clock.on_train_batch_end(batch, {"loss": 1.0})
    assert clock.seconds == [1.0, 2.0]
    assert not clock.model.stop_training
    clock.on_train_batch_end(5, {"loss": 1.0})
    assert clock.model.stop_training
    clock.ends = [0.0, 5.0]
    assert clock.seconds == [5.0]


def test_each_recurrent_layer_has_its_kernel_and_the_reason(recipe):
    encoder = "model.encoder={type: recurrent, cell: gru, units: 2, bidirectional: true, kernel: generic}"
    text = explain(recipe(encoder, "data.source.train=missing.tsv"))
    kernels = [line for line in text.splitlines() if line.startswith("kernel")]
    assert len(kernels) == 2
    assert all("generic for " in line and line.endswith(": asked for") for line in kernels)
