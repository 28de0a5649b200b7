"""A tagger from its recipe to its report, and every command on its run folder."""

import json

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from kerasseq import pipeline
from kerasseq.errors import DataError, RecipeError
from kerasseq.shipped import shipped_folder
from tests.tiny_run import UNTRACED

SIZES = {"train": 64, "validation": 12, "test": 12}
RECIPE = """\
data:
  source:
    type: token_lists
    train: tags/train.jsonl
    validation: tags/validation.jsonl
    test: tags/test.jsonl
    columns: {tags: entities}
  features:
    tokens: {type: words, lowercase: true, vectors: vectors.txt, extra_words: 1}
    tags: {type: tags, scheme: bioes}
  cache_folder: CACHE
model:
  type: sequence_tagger
  embedding_dim: 3
  characters: {type: cnn, embedding_dim: 4, filters: 4}
  encoder: {type: recurrent, cell: rnn, units: 6}
  crf: true
train: {epochs: 1, watch: []}
evaluate: {metrics: [span_f1, tag_accuracy], num_details: 3}
export: [saved_model]
"""
SENTENCES = ["Will Anna visit New Rofield ?", "Anna", ""]
pytestmark = [*UNTRACED, pytest.mark.usefixtures("few_steps")]


@pytest.fixture(scope="module")
def recipe(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tagger")
    (folder / "tags").mkdir()
    for split, size in SIZES.items():
        lines = (shipped_folder("datasets") / "tags" / f"{split}.jsonl").read_text("utf-8").splitlines(True)
        (folder / "tags" / f"{split}.jsonl").write_text("".join(lines[:size]), "utf-8")
    (folder / "vectors.txt").write_text("the 1 2 3\nzebra 0 0 1\nin 3 2 1\n", "utf-8")
    (folder / "tiny.yaml").write_text(RECIPE.replace("CACHE", str(folder / "cache")), "utf-8")
    return folder / "tiny.yaml"


@pytest.fixture(scope="module")
def run(recipe):
    return pipeline.run(recipe, out=recipe.parent / "run", quiet=True)


def test_what_is_measured(run):
    measured = run.metrics["test"]
    assert list(measured) == ["loss", "tag_accuracy", "span_f1", "span_precision", "span_recall"]
    lines = [json.loads(line) for line in run.folder.predictions.read_text("utf-8").splitlines()]
    assert list(lines[0]) == ["input", "reference", "prediction", "score", "tags", "scores"]
    pairs = [pair for line in lines for pair in zip(line["tags"], line["reference"].split("\t"), strict=True)]
    assert sum(one == other for one, other in pairs) / len(pairs) == pytest.approx(measured["tag_accuracy"])
    assert any(other.startswith(("S-", "E-")) for _, other in pairs)  # the file is in IOB2
    assert set(run.metrics["baseline"]) == {"hmm", "most_frequent_tag"}
    assert all("span_f1" in found for found in run.metrics["baseline"].values())
    details = run.metrics["details"]["test"]
    assert sum(found["words"] for found in details["per_tag"].values()) == len(pairs)
    assert set(details["per_span"]) >= {"PERSON", "PLACE"}


def test_the_report_shows_sentences_in_colour(run):
    text = run.folder.report.read_text("utf-8")
    assert '<section id="tags"' in text and 'class="word' in text and "Tag by tag" in text


def test_a_run_answers_by_its_folder_name_alone(run):
    opened = pipeline.open_run(run.folder.path)
    first, *_ = answers = list(opened.decode([*SENTENCES, ["Anna"]]))
    assert [len(answer["tags"]) for answer in answers] == [6, 1, 0, 1]
    assert answers[3]["tags"] == answers[1]["tags"]
    (scored,) = opened.score([(SENTENCES[0], " ".join(first["tags"]))])
    assert scored["score"] == pytest.approx(first["score"], abs=1e-4)
    assert scored["tokens"] == 6 and scored["tag_accuracy"] == 1
    with pytest.raises(DataError, match="there are 6 words, but 1 tags"):
        opened.score([(SENTENCES[0], "O")])


def test_ready_vectors_begin_the_embedding_and_stay_with_the_run(run, recipe):
    words = pipeline.open_run(run.folder.path).features["tokens"]
    assert words.vocabulary[-1] == "zebra" and words.vectors[-1].tolist() == [0, 0, 1]
    (note,) = words.notes
    assert note.startswith("3 of ") and note in pipeline.explain(recipe)
    with pytest.raises(RecipeError, match=r"`embeddings` must be \(vocabulary_size, embedding_dim\)"):
        pipeline.run(recipe, {"model.embedding_dim": 4}, out=recipe.parent / "other", quiet=True)


def test_the_saved_model_says_the_same(run):
    signatures = tf.saved_model.load(str(run.folder.saved_model)).signatures
    served = {
        name: value.numpy()
        for name, value in signatures["serving_default"](text=tf.constant(SENTENCES)).items()
    }
    for row, answer in enumerate(run.decode(SENTENCES)):
        assert _texts(served["tags"][row]) == answer["tags"]
        assert _texts(served["tokens"][row]) == SENTENCES[row].split()
        assert served["score"][row] == pytest.approx(answer["score"], abs=1e-4)
        scores = served["scores"][row][: len(answer["scores"])]
        np.testing.assert_allclose(scores, answer["scores"], atol=1e-4)
    expected = [answer["tags"] for answer in run.decode(["Anna sleeps", "Anna"])]
    words = signatures["words"](tokens=tf.constant([["Anna", "sleeps"], ["Anna", ""]]))["tags"]
    assert list(map(_texts, words.numpy())) == expected
    assert signatures["serving_default"](text=tf.constant([], tf.string))["tags"].shape[0] == 0


def _texts(row):
    return [text.decode() for text in row if text]


def test_the_saved_model_needs_no_kerasseq(run):
    """All of it is TensorFlow's own, and none of it a function of this process."""
    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((run.folder.saved_model / "saved_model.pb").read_bytes())
    graph = proto.meta_graphs[0].graph_def
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    operations = {node.op for node in nodes}
    assert "VarHandleOp" in operations and operations <= set(dir(tf.raw_ops))
    assert not [name for name in operations if "PyFunc" in name]


def test_doctor_tells_broken_tags(recipe):
    path = recipe.parent / "tags" / "broken.jsonl"
    path.write_text('{"tokens": ["Anna", "Lee"], "entities": ["O", "E-PERSON"]}\n' * 2, "utf-8")
    told = "validation: 2 of 2 sentences are not in iob1, as the others are: they are mended"
    assert told in pipeline.doctor(recipe, {"data.source.validation": "tags/broken.jsonl"})


def test_doctor_and_gradients_know_taggers(run, recipe):
    assert "nothing stands out" in pipeline.doctor(recipe) or "to look at" in pipeline.doctor(recipe)
    assert "encoder" in pipeline.explain(run.folder.path, gradients=True)
    assert "data.features.tags" in pipeline.explain(recipe, {"data.source.train": "none.jsonl"})


@pytest.mark.parametrize(
    ("overrides", "fix"),
    [
        ({"decode": "greedy"}, "the likeliest tags are found as they are"),
        ({"train.scheduled_sampling": {"schedule": "linear", "k": 5}}, "a tagger reads no tags"),
        ({"data.share_vocabulary": True}, "tags are not words"),
        ({"train.label_smoothing": 0.1}, "a CRF has no labels to smooth"),
        ({"data.features.tokens": "text"}, "write `data.features.tokens: {type: words}`"),
    ],
)
def test_what_means_nothing_to_a_tagger_is_refused(recipe, overrides, fix):
    with pytest.raises(RecipeError, match=fix):
        pipeline.check(recipe, overrides)
