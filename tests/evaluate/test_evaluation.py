"""What is measured, held against the predictions file, NumPy and a model made by hand."""

import json
import shutil
import types
from collections import defaultdict

import keras
import numpy as np
import pytest
import tensorflow as tf

from kerasseq import pipeline
from kerasseq.decode.greedy import Greedy
from kerasseq.errors import KerasseqError
from kerasseq.evaluate.evaluation import evaluate, measure, measured_names, score_split
from kerasseq.models.inference import Inference
from kerasseq.models.seq2seq import Seq2SeqTask
from kerasseq.registry import create
from kerasseq.specs import END_ID, Raw
from tests.tiny_run import PLAIN, untrained_run, write_recipe


def _predictions(folder):
    return [json.loads(line) for line in folder.predictions.read_text("utf-8").splitlines()]


def test_predictions_are_in_the_files_order(tiny_run):
    lines = (tiny_run.folder.path.parent / "dates" / "test.tsv").read_text("utf-8").splitlines()
    found = [(line["input"], line["reference"]) for line in _predictions(tiny_run.folder)]
    assert found == [tuple(line.split("\t")) for line in lines]


@pytest.fixture(scope="module")
def opened(tiny_run, tmp_path_factory):
    """A copy of the run in another folder, opened anew."""
    folder = tmp_path_factory.mktemp("opened") / "run"
    return pipeline.open_run(shutil.copytree(tiny_run.folder.path, folder))


def test_predictions_are_those_of_predict(tiny_run, opened):
    lines = _predictions(tiny_run.folder)
    again = list(opened.decode([line["input"] for line in lines]))
    assert [line["prediction"] for line in again] == [line["prediction"] for line in lines]
    np.testing.assert_allclose(
        [line["score"] for line in again], [line["score"] for line in lines], atol=1e-5
    )
    assert len({line["prediction"] for line in lines}) > 1


def test_an_opened_run_is_measured_to_the_same_result(tiny_run, opened):
    for path in (opened.folder.predictions, opened.folder.metrics):
        path.unlink()
    pipeline.evaluate(opened)
    assert {**opened.metrics, "seconds": {}} == {**tiny_run.metrics, "seconds": {}}
    assert opened.folder.predictions.read_text("utf-8") == tiny_run.folder.predictions.read_text("utf-8")


def test_metrics_are_those_of_the_predictions_file(tiny_run):
    lines = _predictions(tiny_run.folder)
    texts, references = [line["prediction"] for line in lines], [[line["reference"]] for line in lines]
    measured = tiny_run.metrics
    for word in ("exact_match", "bleu"):
        metric = create("metric", word)
        for name, value in metric(texts, references).items():
            assert measured["test"][name] == pytest.approx(value, rel=1e-9), name
        assert metric.signature.items() <= measured["signature"].items()
    assert set(measured) == {"validation", "test", "signature", "seconds"}
    assert set(measured["seconds"]) == {"training", "decoding_validation", "decoding_test"}
    assert measured["seconds"]["training"] > 0


def test_measured_names_are_those_that_are_measured(tiny_run):
    metrics = [create("metric", word) for word in ("exact_match", "bleu")]
    assert measured_names(Seq2SeqTask, metrics) == list(tiny_run.metrics["test"])


def test_teacher_forced_figures_weigh_every_real_token_once(tiny_run, opened):
    """Against examples of one length at a time, without padding, in NumPy."""
    specs = {side: tf.TensorSpec((None, None), "int32") for side in ("source", "target")}
    model = tf.function(lambda inputs: opened.model(inputs), input_signature=[specs], autograph=False)
    losses, hits = [], []
    by_lengths = defaultdict(list)
    for source, target in opened.data.splits["test"].examples():
        by_lengths[len(source), len(target)].append((source, target))
    for examples in by_lengths.values():
        texts = zip(("source", "target"), zip(*examples, strict=True), strict=True)
        ids = {side: np.asarray(opened.features[side].encode(list(column))) for side, column in texts}
        assert all(part.all() for part in ids.values())
        inputs, labels = Seq2SeqTask({}).example(ids)
        logits = np.asarray(model(inputs), "float64")
        log_probabilities = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
        losses += list(-np.take_along_axis(log_probabilities, labels[..., None], axis=-1).ravel())
        hits += list((logits.argmax(axis=-1) == labels).ravel())
    found = tiny_run.metrics["test"]
    assert found["loss"] == pytest.approx(np.mean(losses), rel=1e-5)
    assert found["perplexity"] == pytest.approx(np.exp(np.mean(losses)), rel=1e-5)
    assert found["teacher_forced_accuracy"] == pytest.approx(np.mean(hits), rel=1e-9)


def test_neither_the_batch_size_nor_the_padding_matters(opened):
    metrics = [create("metric", "exact_match")]
    first = measure(opened.inference, opened.data.splits["test"], metrics)
    padded = pipeline.open_run(opened.folder.path)
    padded.values["data"].update(batch_size=7, length_bucket_width=20)
    other = measure(opened.inference, padded.prepare(("test",)).splits["test"], metrics)
    assert [line["prediction"] for line in first.predictions] == [
        line["prediction"] for line in other.predictions
    ]
    assert other.values == pytest.approx(first.values, rel=1e-5)
    scores = [[line["score"] for line in found.predictions] for found in (first, other)]
    np.testing.assert_allclose(*scores, atol=1e-5)


def test_attention_maps_have_a_row_for_each_token_over_the_whole_source(tiny_run):
    lines = _predictions(tiny_run.folder)
    assert all("attention" in line for line in lines[:20])
    assert not any("attention" in line for line in lines[20:])
    for line in lines[:20]:
        attention = line["attention"]
        assert attention["source_tokens"] == [*line["input"], "</s>"]
        tokens = attention["target_tokens"]
        assert "".join(tokens).removesuffix("</s>") == line["prediction"]
        assert len(attention["weights"]) == len(tokens)  # none where nothing was written
        for row in attention["weights"]:
            assert len(row) == len(attention["source_tokens"])
            assert sum(row) == pytest.approx(1, abs=2e-3)  # of 4 digits each
            assert all(len(str(weight)) <= 6 for weight in row)
    assert any(line["prediction"] for line in lines[:20])


def test_without_a_test_split_validation_is_measured_and_predicted(tmp_path):
    """By a run of random weights, which has no attention either and so no maps."""
    overrides = {
        **PLAIN,
        "data.source.test": None,
        "model.encoder.bidirectional": False,
        "evaluate.num_details": 3,
    }
    bare = untrained_run(write_recipe(tmp_path), overrides)
    results = pipeline.evaluate(bare)
    assert set(results) == {"validation", "signature", "seconds"}
    assert results == bare.metrics
    lines = (bare.folder.path.parent / "dates" / "validation.tsv").read_text("utf-8").splitlines()
    assert [line["input"] for line in _predictions(bare.folder)] == [line.split("\t")[0] for line in lines]
    assert results["seconds"]["training"] == 0.0
    assert not any("attention" in line for line in _predictions(bare.folder))


def test_without_any_split_to_measure_it_says_so():
    data = types.SimpleNamespace(splits={"train": None})
    with pytest.raises(
        KerasseqError, match=r"neither a validation nor a test split .*\n  fix: give `data.source` one"
    ):
        evaluate(metrics=[], inference=None, data=data, folder=None, extra={})


# A model made by hand: each token's successor, whatever the source. After `<s>` it skips the first token.

LETTERS = {4: "a", 5: "b", 6: "c", 7: "d"}
SUCCESSOR = {2: 6, 4: 5, 5: 6, 6: 7, 7: END_ID}


class ChainTask(Seq2SeqTask):
    """Decodes by the table."""

    def begin(self, model, source):
        return {"unused": keras.ops.cast(source, "float32")}

    def step(self, model, tokens, state):
        return model.get_layer("table")(tokens), state


class ChainFeature:
    """Letters for ids."""

    spec = Raw("int32", (None, None))
    vocabulary = ["<pad>", "<unk>", "<s>", "</s>", *LETTERS.values()]

    def decode(self, ids):
        return np.array(["".join(LETTERS.get(token, "") for token in row).encode() for row in ids.tolist()])


class ChainSplit:
    """One example: x -> abcd."""

    order = np.arange(1)
    is_grouped = False

    def batches(self, **_):
        ids = {"source": [[2, 4, END_ID]], "target": [[2, 4, 5, 6, 7, END_ID, 0]]}
        return [{field: keras.ops.convert_to_tensor(rows, "int32") for field, rows in ids.items()}]

    def texts(self, field):
        return {"source": ["x"], "target": ["abcd"]}[field]


def test_figures_of_texts_come_from_free_decoding():
    """Under teacher forcing it is wrong once; on its own, everything behind that is wrong, too."""
    table = np.zeros((8, 8), "float32")
    for token, successor in SUCCESSOR.items():
        table[token, successor] = 20
    source, target = (keras.Input((None,), dtype="int32", name=name) for name in ("source", "target"))
    logits = keras.layers.Embedding(8, 8, weights=[table], name="table")(target)
    model = keras.Model({"source": source, "target": target}, logits)
    feature = ChainFeature()
    task = ChainTask({"source": feature, "target": feature})
    inference = Inference(task, model, Greedy())
    found = measure(inference, ChainSplit(), [create("metric", "exact_match")])
    assert found.values["teacher_forced_accuracy"] == pytest.approx(4 / 5)
    assert found.values["loss"] == pytest.approx(20 / 5, rel=1e-4)
    assert found.values["exact_match"] == 0
    assert [line["prediction"] for line in found.predictions] == ["cd"]
    assert score_split(inference, ChainSplit()) == {
        name: found.values[name] for name in ("loss", "perplexity", "teacher_forced_accuracy")
    }
