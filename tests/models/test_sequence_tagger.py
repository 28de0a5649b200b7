import itertools

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerasseq.data.features.tags import TagsFeature
from kerasseq.data.features.words import WordsFeature
from kerasseq.errors import DataError
from kerasseq.layers.crf import CRFLoss
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.models.sequence_tagger import SequenceTaggerTask, allowed_transitions, build_sequence_tagger
from kerasseq.models.tag_sequences import TagLoss, best_tags, log_probabilities
from tests.layers.parts import normal, randomise

SENTENCES = ["Ann\tLee\tsleeps", "sleeps", "Lee\tsees\tAnn\tin\tRome"]
TAGS = ["B-PER\tI-PER\tO", "O", "B-PER\tO\tB-PER\tO\tB-LOC"]
LENGTHS = [3, 1, 5]
SMALL = {
    "embedding_dim": 4,
    "encoder": {"type": "recurrent", "cell": "rnn", "units": 3, "bidirectional": True},
}
KINDS = {
    "softmax": {"characters": {"type": "cnn", "embedding_dim": 3, "filters": 3}},
    "crf": {"characters": {"type": "lstm", "embedding_dim": 3, "units": 2}, "crf": True},
    "words_alone": {"characters": "none"},
}
each_kind = pytest.mark.parametrize("kind", KINDS)


def _task(scheme="bioes"):
    features = {"tokens": WordsFeature(lowercase=True), "tags": TagsFeature(scheme=scheme)}
    features["tokens"].learn(SENTENCES)
    features["tags"].learn(TAGS)
    return SequenceTaggerTask(features)


TASK = _task()
BATCH = TASK.encode_examples({"tokens": SENTENCES, "tags": TAGS})


def small_model(kind="softmax", **options):
    return randomise(TASK.build(**{**SMALL, **KINDS[kind], **options}))


def _answers(model, sentences=SENTENCES):
    encoded = TASK.encode(sentences)
    found = {name: ops.convert_to_numpy(part) for name, part in TASK.respond(model, encoded, None).items()}
    return list(TASK.present({"tokens": {"words": encoded["tokens"]["words"].numpy()}}, found)), found


@each_kind
def test_a_batch_is_its_sentences(kind):
    model = small_model(kind)
    together, _ = _answers(model)
    for sentence, shown in zip(SENTENCES, together, strict=True):
        (alone,), _ = _answers(model, [sentence])
        assert alone["tags"] == shown["tags"] and len(alone["tags"]) == len(sentence.split("\t"))
        np.testing.assert_allclose(alone["scores"], shown["scores"], atol=2e-4)
        assert alone["score"] == pytest.approx(shown["score"], abs=1e-4)


@pytest.mark.parametrize("kind", ["softmax", "crf"])
def test_it_saves_reloads_and_trains(kind, tmp_path):
    model = small_model(kind, word_dropout=0.1, input_dropout=0.1, output_dropout=0.1)
    inputs, tags = TASK.example(BATCH)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    loaded.compile(keras.optimizers.Adam(0.05), TASK.loss(), run_eagerly=True)
    losses = [float(loaded.train_on_batch(inputs, tags)) for _ in range(3)]
    assert losses[-1] < losses[0]


@each_kind
def test_scores_are_log_probabilities_of_all_tag_paths(kind):
    model = small_model(kind)
    found, state = TASK.score(model, BATCH, ())
    found = {name: ops.convert_to_numpy(values) for name, values in found.items()}
    assert state == () and found["num_tokens"].tolist() == LENGTHS
    outputs = model({name: part[1:2, :1] for name, part in TASK.example(BATCH)[0].items()})
    paths = np.arange(TASK.features["tags"].vocabulary_size)[1 if kind == "crf" else 0 :, None]
    each = [float(log_probabilities(path[None], outputs)[0]) for path in paths if path]
    assert sum(np.exp(each)) <= 1 + 1e-5
    if kind == "crf":
        assert sum(np.exp(each)) == pytest.approx(1, abs=1e-5)
    tags = BATCH["tags"]
    assert found["log_probability"][1] == pytest.approx(each[tags[1, 0] - 1], abs=1e-5)
    best = [shown["tags"] for shown in _answers(model)[0]]
    right = [TASK.features["tags"].tags_of(text) for text in TAGS]
    assert found["num_right"].tolist() == [
        sum(one == other for one, other in zip(*pair, strict=True)) for pair in zip(best, right, strict=True)
    ]
    sums = {name: float(np.sum(values)) for name, values in found.items()}
    figures = TASK.figures(sums)
    assert tuple(figures) == TASK.measures
    assert figures["loss"] == pytest.approx(float(TASK.loss()(tags, model(TASK.example(BATCH)[0]))), rel=1e-5)


def test_a_chain_never_breaks_its_scheme():
    tags = TASK.features["tags"]
    allowed = allowed_transitions(tags.vocabulary, "bioes")
    assert {len(allowed), *map(len, allowed)} == {tags.vocabulary_size + 1}
    place = {tag: number for number, tag in enumerate(tags.vocabulary)}
    assert allowed[place["B-PER"]][place["I-PER"]] and allowed[-1][place["S-LOC"]]
    assert not allowed[place["B-PER"]][place["I-LOC"]] and not allowed[place["B-PER"]][-1]
    model = TASK.build(**SMALL, characters="none", crf=True)
    for seed in range(3):
        randomise(model, seed=seed, scale=3.0)
        for shown in _answers(model)[0]:
            ids = [place[tag] for tag in shown["tags"]]
            assert all(allowed[before][tag] for before, tag in itertools.pairwise([-1, *ids, -1]))
            assert shown["score"] <= 0 and all(0 <= score <= 1 for score in shown["scores"])


def test_neither_padding_nor_the_unknown_tag_is_ever_an_answer():
    logits = normal(2, 3, 5)
    logits[..., :2] = 50
    mask = np.array([[1, 1, 1], [1, 0, 0]], bool)
    tags, scores = map(ops.convert_to_numpy, best_tags(logits, mask))
    assert np.all(tags[mask] >= 2) and np.all(tags[~mask] == 0) and np.all(scores[~mask] == 0)
    np.testing.assert_array_equal(tags[0], logits[0, :, 2:].argmax(axis=-1) + 2)
    potentials = normal(2, 3, 5, 5)
    potentials[..., 1] = 50
    tags, _ = best_tags(potentials, mask)
    assert not np.any(ops.convert_to_numpy(tags) == 1)


def test_the_loss_is_of_what_the_model_gives():
    labels = BATCH["tags"]
    logits, potentials = normal(3, 5, 11), normal(3, 5, 11, 11)
    loss = TagLoss(label_smoothing=0.1)
    assert float(loss(labels, logits)) == float(MaskedCrossEntropy(label_smoothing=0.1)(labels, logits))
    assert float(loss(labels, potentials)) == float(CRFLoss()(labels, potentials))
    copy = TagLoss.from_config(loss.get_config())
    assert float(copy(labels, logits)) == float(loss(labels, logits))


def test_questions_are_asked_in_the_scheme_that_is_learned():
    class Split:
        is_grouped = False

        @staticmethod
        def texts(field):
            return {"tokens": SENTENCES, "tags": TAGS}[field]

    inputs, references = TASK.questions(Split)
    assert inputs == SENTENCES
    assert references[0] == "B-PER\tE-PER\tO" and references[2] == "S-PER\tO\tS-PER\tO\tS-LOC"


def test_sentences_are_texts_or_lists_of_words():
    expected = TASK.encode(["Ann sees Rome"])["tokens"]
    for given in ("Ann\tsees\tRome", ["Ann", "sees", "Rome"], " Ann  sees Rome "):
        np.testing.assert_array_equal(TASK.encode([given])["tokens"]["words"], expected["words"])


def test_a_tag_for_each_word_of_what_is_scored():
    with pytest.raises(DataError, match="there are 2 words, but 1 tags: 'Ann sleeps'"):
        TASK.encode_examples({"tokens": ["Ann sleeps"], "tags": ["O"]})


@pytest.mark.parametrize("kind", ["softmax", "crf"])
def test_signatures_take_texts_and_words(kind):
    model = small_model(kind)
    signatures = TASK.signatures(model, None)
    shown, _ = _answers(model)
    texts = tf.constant([text.replace("\t", " ") for text in SENTENCES])
    words = tf.ragged.constant([text.split("\t") for text in SENTENCES]).to_tensor("")
    for name, given in (("serving_default", {"text": texts}), ("words", {"tokens": words})):
        assert set(signatures[name].inputs) == set(given)
        found = {key: value.numpy() for key, value in signatures[name].call(**given).items()}
        assert found["tokens"][1].tolist() == [b"sleeps", b"", b"", b"", b""]
        for row, one in enumerate(shown):
            tags = [tag.decode() for tag in found["tags"][row] if tag]
            assert tags == one["tags"]
            np.testing.assert_allclose(found["scores"][row, : len(tags)], one["scores"], atol=1e-4)
            assert found["score"][row] == pytest.approx(one["score"], abs=1e-4)
    empty = signatures["serving_default"].call(text=tf.constant([""]))
    assert empty["tags"].numpy().tolist() == [[b""]] and np.isfinite(empty["score"][0])


def test_ready_vectors_begin_the_embedding_where_there_are_any():
    given = np.full((5, 3), np.nan, "float32")
    given[2] = [1, 2, 3]
    sizes = {"vocabulary_size": 5, "num_characters": 5, "num_tags": 4}
    options = {**SMALL, "embedding_dim": 3, "embeddings": given, "characters": "none"}
    model = build_sequence_tagger(**sizes, **options, train_embedding=False)
    table = model.get_layer("embedding").embeddings.numpy()
    np.testing.assert_array_equal(table[2], [1, 2, 3])
    assert "[1.0, 2.0, 3.0]" not in model.to_json()
    assert np.all(np.isfinite(table)) and not model.get_layer("embedding").trainable_weights
    with pytest.raises(ValueError, match=r"= \(5, 3\). Received: embeddings.shape=\(4, 3\)"):
        build_sequence_tagger(**sizes, **{**options, "embeddings": given[:4]})


@pytest.mark.parametrize("option", ["embedding_dim", "num_tags"])
def test_what_cannot_be_is_refused(option):
    sizes = {"vocabulary_size": 5, "num_characters": 5, "num_tags": 4, option: 0}
    with pytest.raises(ValueError, match=f"`{option}` must be positive. Received: {option}=0"):
        build_sequence_tagger(**sizes)


def test_ten_sentences_are_learned_by_heart():
    random = np.random.default_rng(1)
    words = [" ".join(random.choice(["ann", "rome", "sees", "in", "lee"], 5)) for _ in range(10)]
    spelled = [["B-X", "I-X", "O", "B-Y", "O"][::turn] for turn in (1, -1)]
    tags = [" ".join(spelled[row % 2]) for row in range(10)]
    task = SequenceTaggerTask({"tokens": WordsFeature(), "tags": TagsFeature(scheme="iob2")})
    task.features["tokens"].learn(words)
    task.features["tags"].learn(tags)
    encoder = {"type": "recurrent", "cell": "rnn", "units": 16, "bidirectional": True}
    model = task.build(embedding_dim=16, encoder=encoder, characters="none", crf=True)
    inputs, labels = task.example(task.encode_examples({"tokens": words, "tags": tags}))
    model.compile(keras.optimizers.Adam(0.02), task.loss(), jit_compile=False)
    model.optimizer.build(model.trainable_variables)  # or the step is traced twice
    repeated = np.tile(inputs["words"], (60, 1)), np.tile(labels, (60, 1))
    model.fit({"words": repeated[0]}, repeated[1], batch_size=10, shuffle=False, verbose=0)
    found, _ = best_tags(model(inputs), labels != 0)
    np.testing.assert_array_equal(found, task.encode_examples({"tokens": words, "tags": tags})["tags"])
