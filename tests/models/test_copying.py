"""Sequence-to-sequence models that copy: unknown words included, in training and in every search."""

import functools
import re

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.decode.beam import Beam
from kerasseq.decode.greedy import Greedy
from kerasseq.decode.sample import Sample
from kerasseq.errors import RecipeError
from kerasseq.layers.copying import MOST_UNKNOWN
from kerasseq.models.seq2seq import Seq2SeqTask
from kerasseq.recipe import load_recipe
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.models.seq2seq_toys import UNITS, VOCABULARY, encoded, small_model

CONCAT = {"type": "luong", "score": "concat"}
RNN = {"cell": "rnn"}
DECODERS = {
    "bahdanau": {**RNN, "attention": "bahdanau", "copy": True, "coverage": True},
    "feeding": {**RNN, "attention": "luong", "copy": True, "num_layers": 2},
    "plain": {**RNN, "attention": CONCAT, "copy": True, "input_feeding": False},
}
each_decoder = pytest.mark.parametrize("name", DECODERS)
each_sampling = pytest.mark.parametrize(
    ("name", "mode"),
    [("bahdanau", "stepwise"), ("bahdanau", "parallel"), ("plain", "parallel")],
)
SOURCES = [[5, 900, 700, 900], [6, 800], [4, 7, 900, 12]]
TARGETS = [[900, 5, 700], [800], [900, 950, 4]]


class _OpenFeature:
    """As much of an open text's feature as the task reads."""

    is_open, vocabulary_size = True, VOCABULARY


TASK = Seq2SeqTask({"source": _OpenFeature(), "target": _OpenFeature()})


def _new_model(name, *, scale=0.5, seed=0, **options):
    return small_model(encoder=RNN, decoder={**DECODERS[name], **options}, scale=scale, seed=seed)


_model = functools.cache(_new_model)  # no test changes it


def _batch(width=None):
    return {"source": {"ids": encoded(SOURCES, width)}, "target": {"ids": encoded(TARGETS, width)}}


def _rows():
    for source, target in zip(SOURCES, TARGETS, strict=True):
        yield {"source": {"ids": encoded([source])}, "target": {"ids": encoded([target])}}


def test_an_example_numbers_unknown_words():
    inputs, labels = TASK.example(_batch())
    first, second = VOCABULARY, VOCABULARY + 1
    np.testing.assert_array_equal(inputs["source"][0], [5, first, second, first, 3])
    np.testing.assert_array_equal(labels, [[first, 5, second, 3], [first, 3, 0, 0], [first, 1, 4, 3]])
    np.testing.assert_array_equal(inputs["target"][0], [2, first, 5, second])


@each_decoder
def test_probabilities_sum_to_one_and_padding_changes_none(name):
    model = _model(name)
    logits = np.asarray(model(TASK.example(_batch())[0]))
    assert logits.shape == (3, 4, VOCABULARY + MOST_UNKNOWN)
    np.testing.assert_allclose(np.exp(logits).sum(-1), np.ones((3, 4)), rtol=1e-5)
    padded = np.asarray(model(TASK.example(_batch(9))[0]))
    for row, example in enumerate(_rows()):
        alone = np.asarray(model(TASK.example(example)[0]))[0]
        np.testing.assert_allclose(logits[row, : len(alone)], alone, rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(padded[row, : len(alone)], alone, rtol=1e-4, atol=1e-4)


def _loss_and_gradients(model, fields):
    inputs, labels = TASK.example(fields)
    loss = TASK.loss()

    def total():
        value = loss(labels, model(inputs, training=True))
        return value + sum(model.losses)

    return value_and_gradients(total, [], model.trainable_weights)


@each_decoder
def test_a_batch_has_the_loss_and_gradient_of_its_rows(name):
    """The loss on coverage as well: it too is a mean over the real steps."""
    model = _model(name)
    first_two = functools.partial(keras.tree.map_structure, lambda part: part[:2])
    loss, gradients = _loss_and_gradients(model, first_two(_batch()))
    padded_loss, padded_gradients = _loss_and_gradients(model, first_two(_batch(9)))
    shares = np.array([len(target) + 1 for target in TARGETS[:2]], "float32")
    shares /= shares.sum()
    alone = [_loss_and_gradients(model, row) for row in [*_rows()][:2]]
    expected = sum(share * one for share, (one, _) in zip(shares, alone, strict=True))
    np.testing.assert_allclose([loss, padded_loss], [expected, expected], rtol=1e-4)
    of_rows = zip(*(found for _, found in alone), strict=True)
    sums = [sum(share * one for share, one in zip(shares, parts, strict=True)) for parts in of_rows]
    assert_gradients_close(gradients, sums)
    assert_gradients_close(padded_gradients, gradients)


@each_decoder
def test_steps_of_decoding_give_the_logits_of_training(name):
    model = _model(name)
    inputs, _ = TASK.example(_batch())
    logits, state = model(inputs), TASK.begin(model, ops.convert_to_tensor(inputs["source"]))
    for time in range(inputs["target"].shape[1]):
        now, state = TASK.step(model, inputs["target"][:, time], state)
        np.testing.assert_allclose(logits[:, time], now, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["bahdanau", "plain"])
def test_a_beam_of_one_is_greedy_and_a_row_is_as_if_alone(name):
    model = _model(name)
    fields = {"source": {"ids": ops.convert_to_tensor(encoded(SOURCES))}}
    greedy = TASK.respond(model, fields, Greedy(max_length=4))
    narrow = TASK.respond(model, fields, Beam(beam_width=1, length_penalty=0.0, max_length=4))
    np.testing.assert_array_equal(narrow["tokens"], greedy["tokens"])
    np.testing.assert_allclose(narrow["scores"], greedy["scores"], rtol=1e-4)
    wide = TASK.respond(model, fields, Beam(beam_width=3, max_length=4))
    one = {"source": {"ids": ops.convert_to_tensor(encoded([SOURCES[1]]))}}
    alone = TASK.respond(model, one, Beam(beam_width=3, max_length=4))
    np.testing.assert_array_equal(wide["tokens"][1], alone["tokens"][0])
    assert 1 not in np.asarray(wide["tokens"]) and np.asarray(wide["tokens"]).max() < VOCABULARY + 6


def test_samples_of_an_example_copy_from_it():
    model = _new_model("feeding")
    gate = model.get_layer("decoder").decoder.copy_gate
    gate.bias.assign([-50.0])  # nothing but copies
    fields = {"source": {"ids": ops.convert_to_tensor(encoded(SOURCES))}}
    found = TASK.respond(model, fields, Sample(num_samples=8, seed=1, max_length=6))
    tokens = np.asarray(found["tokens"])
    assert tokens.shape == (3, 8, 6)
    for row, source in enumerate(SOURCES):
        places = {VOCABULARY + source.index(word) for word in source if word >= VOCABULARY}
        words = {word for word in source if word < VOCABULARY}
        assert set(tokens[row].flatten()) <= places | words | {0, 3} and places & set(tokens[row].flatten())


def test_what_is_copied_is_the_likeliest_place():
    model = _new_model("plain")
    model.get_layer("decoder").decoder.copy_gate.bias.assign([-50.0])
    fields = {"source": {"ids": ops.convert_to_tensor(encoded(SOURCES))}}
    found = TASK.respond(model, fields, Greedy(max_length=1), detailed=True)
    for row, source in enumerate(SOURCES):
        words = [*source, 3]
        weights = np.asarray(found["attention"])[row, 0, 0]
        total = {word: sum(weights[place] for place, w in enumerate(words) if w == word) for word in words}
        best = max(total, key=total.get)
        expected = VOCABULARY + words.index(best) if best >= VOCABULARY else best
        assert found["tokens"][row, 0, 0] == expected


@each_decoder
def test_a_saved_model_is_the_same_and_learns_to_copy_words_that_no_vocabulary_has(name, tmp_path):
    model = _model(name, scale=0.2)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    inputs, labels = TASK.example(_batch())
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    loaded.compile(keras.optimizers.Adam(0.05), TASK.loss(), run_eagerly=keras.backend.backend() != "jax")
    losses = [float(loaded.train_on_batch(inputs, labels)) for _ in range(3)]
    assert np.all(np.isfinite(losses)) and losses[-1] < losses[0]


@each_sampling
def test_scheduled_sampling_reads_what_it_copied_itself(name, mode):
    """Nothing but copies, unknown words among them; the loss on coverage is that of the second pass alone."""
    model = _new_model(name, seed=1)
    layer = model.get_layer("decoder")
    layer.decoder.copy_gate.bias.assign([-50.0])
    inputs, _ = TASK.example(_batch())
    target = np.asarray(inputs["target"])
    own, is_read = target.copy(), (target != 0) & (target != 3)
    best = np.asarray(model(inputs)).argmax(-1)
    for time in range(target.shape[1] - 1):
        if mode == "stepwise" and time > 0:
            best = np.asarray(model({**inputs, "target": ops.convert_to_tensor(own)})).argmax(-1)
        own[:, time + 1] = np.where(is_read[:, time + 1], best[:, time], target[:, time + 1])
    assert np.any(own != target) and own.max() >= VOCABULARY
    forced, expected = (
        _in_training(model, {**inputs, "target": ops.convert_to_tensor(read)}) for read in (target, own)
    )
    probability = layer.enable_sampling(mode=mode)
    _assert_close(_in_training(model, inputs), forced)  # with probability 0 it is teacher forcing
    probability.assign(1.0)
    _assert_close(_in_training(model, inputs), expected)


def _in_training(model, inputs):
    """The logits, and what coverage adds to the loss."""
    return np.asarray(model(inputs, training=True)), [float(loss) for loss in model.losses]


def _assert_close(found, expected):
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(found[1], expected[1], rtol=1e-4)


def test_coverage_adds_its_loss_in_training_alone():
    weighted, half = _model("bahdanau"), _model("bahdanau", coverage_weight=0.5)
    inputs, _ = TASK.example(_batch())
    for model in (weighted, half):
        model(inputs, training=True)
    assert float(weighted.losses[0]) == pytest.approx(2 * float(half.losses[0])) != 0
    weighted(inputs)
    assert weighted.losses == []


def test_low_precision_copies():
    before = keras.config.dtype_policy()
    expected, (inputs, _) = _model("feeding", scale=0.2), TASK.example(_batch())
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = _new_model("feeding", scale=0.2)
        logits = np.asarray(model(inputs))
    finally:
        keras.config.set_dtype_policy(before)
    assert logits.dtype == "float32"
    np.testing.assert_allclose(np.exp(logits), np.exp(expected(inputs)), atol=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"source_vocabulary_size": 5},
            "`copy` needs one vocabulary for both sides (`data.share_vocabulary: true`). "
            f"Received: source_vocabulary_size=5, target_vocabulary_size={VOCABULARY}",
        ),
        ({"decoder": {"copy": True, "attention": "none"}}, "`copy` needs an attention."),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        small_model(**{"decoder": {"copy": True}, **options})


def test_a_decoder_that_copies_needs_what_it_copies():
    layer = _model("plain").get_layer("decoder")
    memory, states = np.zeros((1, 2, UNITS), "float32"), [(np.zeros((1, UNITS), "float32"),)]
    with pytest.raises(
        ValueError, match="`copy` needs the ids of the source's tokens. Received: source_ids=None"
    ):
        layer(np.array([[2, 5]]), memory, initial_states=states)


RECIPE = """\
data:
  source: {type: parallel, train: a.tsv, validation: a.tsv}
  share_vocabulary: true
  features: {source: open_text, target: open_text}
model: {type: seq2seq, decoder: {copy: true}}
"""


@pytest.mark.parametrize(
    ("overrides", "fix"),
    [
        ({"data.share_vocabulary": False}, "set data.share_vocabulary: true"),
        ({"model.decoder.copy": False}, "set model.decoder.copy: true, which writes unknown words"),
        ({"data.features.target": "text"}, "take {type: open_text} for both"),
        ({"data.features.source": "text", "data.features.target": "text"}, "or the subword tokenizer"),
        ({"train.label_smoothing": 0.1}, "few unknown words can be copied"),
        ({"model.decoder.attention": "none"}, "words are copied from where the attention looks"),
        (
            {"model.decoder.attention": "luong", "model.decoder.coverage": True},
            "coverage is for additive energies",
        ),
        ({"model.decoder.coverage_weight": 2.0}, "set `coverage: true`, or leave its weight out"),
        ({"data.features.source.tokenizer": "subword"}, "pieces leave no word unknown"),
        ({"data.features.source.truncate": True}, "say with `max_length` how much is kept"),
    ],
)
def test_what_does_not_go_together_is_refused_before_any_data_is_read(tmp_path, overrides, fix):
    (tmp_path / "a.yaml").write_text(RECIPE)
    load_recipe(tmp_path / "a.yaml")
    with pytest.raises(RecipeError, match=re.escape(fix)):
        load_recipe(tmp_path / "a.yaml", overrides)


def test_pieces_of_words_are_copied_from_plain_text(tmp_path):
    (tmp_path / "a.yaml").write_text(RECIPE)
    text = {"type": "text", "tokenizer": "subword"}
    load_recipe(tmp_path / "a.yaml", {"data.features.source": text, "data.features.target": text})
