"""From several references and lists of sentences to copied words, in every way that a run answers."""

import json

import numpy as np
import pytest

from kerasseq import pipeline
from kerasseq.models.inference import Inference
from kerasseq.registry import create
from tests.tiny_run import untrained_run

RECIPE = """\
data:
  source:
    {type: parallel, train: train.jsonl, validation: test.jsonl, keys: [text, sums], join: " ",
     several_references: true}
  share_vocabulary: true
  features:
    source: {type: open_text, tokenizer: {type: word, minimum_frequency: 2}, max_length: 6, truncate: true}
    target: {type: open_text, tokenizer: {type: word, minimum_frequency: 2}}
  batch_size: 4
  cache_folder: CACHE
model:
  type: seq2seq
  embedding_dim: 6
  share_embeddings: true
  encoder: {type: recurrent, cell: rnn, units: 6}
  decoder: {cell: rnn, units: 6, attention: luong, input_feeding: false, copy: true}
decode: {type: beam, beam_width: 2, num_hypotheses: 2, min_length: 1, max_length: 3}
evaluate: {metrics: [rouge], baseline: [lead_sentence]}
export: [saved_model]
"""
KNOWN = ["saw", "met"]
NAMES = ["Zoë", "Uğur", "Ola", "Siân", "Bo"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A model with random weights whose gate lets nothing but copies through."""
    folder = tmp_path_factory.mktemp("summaries")
    train = [{"text": [f"{verb} {verb}", "."], "sums": [verb]} for verb in KNOWN * 2]
    test = [
        {"text": [f"{name} {other}", "More."], "sums": [f"{name} {other}", "More"]}
        for name, other in zip(NAMES, NAMES[::-1], strict=True)
    ]
    for split, lines in (("train", train), ("test", test)):
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    (folder / "tiny.yaml").write_text(RECIPE.replace("CACHE", str(folder / "cache")), "utf-8")
    opened = untrained_run(folder / "tiny.yaml")
    opened.model.get_layer("decoder").decoder.copy_gate.bias.assign([-50.0])
    opened.model.save(opened.folder.model)
    pipeline.evaluate(opened)
    return opened


@pytest.fixture(scope="module")
def lines(run):
    return [json.loads(line) for line in run.folder.predictions.read_text("utf-8").splitlines()]


def test_each_text_is_asked_once_and_held_against_each_reference(run, lines):
    assert [line["reference"] for line in lines] == [
        [f"{name} {line['input'].split()[1]}", "More"] for name, line in zip(NAMES, lines, strict=True)
    ]
    assert "refs:best" in run.metrics["signature"]["rouge1"]
    assert run.metrics["baseline"]["lead_sentence"]["rouge1"] > 0
    assert run.data.counts["train"]["read"] == 4


def test_answers_are_made_of_the_texts_words_as_they_stand(lines):
    for line in lines:
        assert set(line["prediction"].replace(".", " . ").split()) <= {
            *line["input"].replace(".", " .").split()
        }
        assert set(line["copied"]) <= {*NAMES, "More", "\uffed."}
    assert any(line["copied"] for line in lines)
    tokens = lines[0]["attention"]["source_tokens"]
    assert tokens == ["Zoë", "Bo", "More", "\uffed.", "</s>"]
    assert len(lines[0]["attention"]["weights"]) == len(lines[0]["attention"]["target_tokens"])


def test_prediction_and_evaluation_say_the_same(run, lines):
    again = list(run.decode([line["input"] for line in lines]))
    assert [one["prediction"] for one in again] == [line["prediction"] for line in lines]
    alone = run.predict([lines[1]["input"]])
    assert alone == [lines[1]["prediction"]]


@pytest.mark.parametrize(
    "decode", ["greedy", {"type": "sample", "seed": 3, "num_samples": 2, "max_length": 4}]
)
def test_every_search_spells_what_it_copies(run, lines, decode):
    inference = Inference(run.task, run.model, create("decode", decode))
    for given, one in zip(
        lines, inference.present(run.task.encode([line["input"] for line in lines])), strict=True
    ):
        assert "<unk>" not in one["prediction"]
        assert set(one["copied"]) <= {*given["input"].replace(".", " \uffed.").split()}


def test_a_saved_model_copies_as_well(run, lines):
    import tensorflow as tf

    pipeline.export(run)
    loaded = tf.saved_model.load(str(run.folder.saved_model))
    texts = [line["input"] for line in lines]
    answers = loaded.signatures["serving_default"](text=tf.constant(texts))
    assert [text.decode() for text in answers["text"].numpy()] == [line["prediction"] for line in lines]
    assert answers["n_best_text"].shape == (5, 2)
    assert loaded.signatures["serving_default"](text=tf.constant([], tf.string))["text"].shape == (0,)
    target = lines[0]["prediction"]
    found = loaded.signatures["score"](source=tf.constant(texts[:1]), target=tf.constant([target]))
    (ours,) = run.score([(texts[0], target)])
    np.testing.assert_allclose(found["log_probability"][0], ours["score"], rtol=1e-4)


def test_a_copied_word_is_likelier_than_another_unknown_one(run):
    there, absent = run.score([("Zoë saw .", "Zoë"), ("Zoë saw .", "Uğur")])
    assert there["score"] > absent["score"]


def test_unknown_words_of_the_data_are_counted_and_no_fault(run):
    assert "are unknown" not in pipeline.doctor(run.folder.path.parent / "tiny.yaml")
    split = run.data.splits["validation"]
    assert split.num_unknown("source") == 40 and split.lengths("source").max() == 4
