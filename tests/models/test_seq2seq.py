import functools
import re

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.decode.greedy import Greedy
from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.models.seq2seq import Seq2SeqTask, build_seq2seq
from kerasseq.registry import load
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.models.seq2seq_toys import UNITS, VOCABULARY, batch, row_of, small_model

TASK = Seq2SeqTask({})
each_attention = pytest.mark.parametrize(
    ("attention", "feeding"), [("none", True), ("bahdanau", True), ("luong", True), ("luong", False)]
)


RNN = {"cell": "rnn"}  # what is particular to a cell or a score is tested with the layers


def _of_layers(attention, feeding, *, dropout=0.0):
    encoder = {**RNN, "units": UNITS // 2, "bidirectional": True, "dropout": dropout}
    decoder = {**RNN, "attention": attention, "input_feeding": feeding, "num_layers": 2, "residual": True}
    return small_model(encoder=encoder, decoder={**decoder, "dropout": dropout}, dropout=dropout)


@functools.cache
def _model(attention, feeding):
    """Made once; no test changes it."""
    return _of_layers(attention, feeding)


def _plain(**options):
    return small_model(encoder=RNN, decoder={**RNN, "attention": "none"}, **options)


_shared_plain = functools.cache(_plain)  # no test changes it


def _loss_and_gradients(model, fields):
    inputs, labels = TASK.example(fields)
    loss = TASK.loss()
    return value_and_gradients(lambda: loss(labels, model(inputs)), [], model.trainable_weights)


def test_the_task_is_registered():
    assert load("task", "seq2seq") is Seq2SeqTask and load("model", "seq2seq") is build_seq2seq
    assert Seq2SeqTask.fields == ("source", "target")
    assert (TASK.input_fields, TASK.output_field) == (("source",), "target")


def test_an_example_shifts_the_target():
    fields = {"source": np.array([[2, 5, 6, 3, 0]]), "target": np.array([[2, 7, 3, 0]])}
    inputs, labels = TASK.example(fields)
    np.testing.assert_array_equal(inputs["source"], [[5, 6, 3, 0]])
    np.testing.assert_array_equal(inputs["target"], [[2, 7, 3]])
    np.testing.assert_array_equal(labels, [[7, 3, 0]])


def test_the_task_builds_for_its_vocabularies():
    class Feature:
        def __init__(self, vocabulary_size):
            self.vocabulary_size = vocabulary_size

    model = Seq2SeqTask({"source": Feature(14), "target": Feature(15)}).build(
        embedding_dim=3,
        encoder={"type": "recurrent", "units": 2, **RNN},
        decoder={"units": 2, **RNN, "attention": "none"},
    )
    assert model.get_layer("source_embedding").input_dim == 14
    assert model(TASK.example(batch())[0]).shape == (3, 5, 15)


@each_attention
def test_padding_changes_no_logit(attention, feeding):
    model, fields = _model(attention, feeding), batch(2)
    logits = np.asarray(model(TASK.example(fields)[0]))
    padded = np.asarray(model(TASK.example(batch(2, padding=3))[0]))
    is_real = fields["target"][:, 1:] != 0
    np.testing.assert_allclose(padded[:, : logits.shape[1]][is_real], logits[is_real], rtol=1e-4, atol=1e-5)
    for row, length in enumerate(is_real.sum(-1)):
        alone = model(TASK.example(row_of(fields, row))[0])
        np.testing.assert_allclose(logits[row, :length], alone[0], rtol=1e-4, atol=1e-5)


@each_attention
def test_a_batch_has_the_loss_and_gradient_of_its_rows(attention, feeding):
    """Each token counts the same, wherever it stands and however far its batch is padded."""
    model, fields = _model(attention, feeding), batch(2)
    loss, gradients = _loss_and_gradients(model, fields)
    padded_loss, padded_gradients = _loss_and_gradients(model, batch(2, padding=3))
    rows = [row_of(fields, row) for row in range(2)]
    shares = np.array([row["target"].shape[1] - 1 for row in rows], "float32")
    shares /= shares.sum()
    alone = [_loss_and_gradients(model, row) for row in rows]
    np.testing.assert_allclose(
        loss, sum(share * one for share, (one, _) in zip(shares, alone, strict=True)), rtol=1e-5
    )
    sums = [
        sum(s * g for s, g in zip(shares, of_rows, strict=True))
        for of_rows in zip(*(g for _, g in alone), strict=True)
    ]
    assert_gradients_close(gradients, sums)
    np.testing.assert_allclose(padded_loss, loss, rtol=1e-5)
    assert_gradients_close(padded_gradients, gradients)


@each_attention
def test_steps_of_decoding_give_the_logits_of_training(attention, feeding):
    model, fields = _model(attention, feeding), batch()
    inputs, _ = TASK.example(fields)
    logits, state = model(inputs), TASK.begin(model, ops.convert_to_tensor(inputs["source"]))
    for time in range(inputs["target"].shape[1]):
        now, state = TASK.step(model, inputs["target"][:, time], state)
        np.testing.assert_allclose(logits[:, time], now, rtol=1e-4, atol=1e-5)


def test_a_batch_is_decoded_like_its_rows():
    model, fields = _model("bahdanau", True), batch()
    decoder = Greedy(max_length=5)
    together = TASK.decode(model, ops.convert_to_tensor(fields["source"]), decoder)
    for row in range(3):
        alone = TASK.decode(model, ops.convert_to_tensor(row_of(fields, row)["source"]), decoder)
        np.testing.assert_array_equal(together.tokens[row], alone.tokens[0])
        np.testing.assert_allclose(together.log_probabilities[row], alone.log_probabilities[0], rtol=1e-4)


def test_decoding_shows_the_attention_over_real_source_tokens():
    model, fields = _model("bahdanau", True), batch()
    source = ops.convert_to_tensor(fields["source"])
    found = TASK.decode(model, source, Greedy(max_length=4), with_attention=True)
    weights, lengths = np.asarray(found.attention), np.asarray(found.lengths)
    assert weights.shape == (3, 1, 4, 5)
    assert np.all(weights[:, 0][np.broadcast_to(fields["source"][:, None, 1:] == 0, (3, 4, 5))] == 0)
    for row in range(3):
        np.testing.assert_allclose(weights[row, 0, : lengths[row, 0]].sum(-1), 1, rtol=1e-5)


def test_dropout_changes_training_and_not_inference():
    model, plain = _of_layers("luong", True, dropout=0.3), _model("luong", True)
    inputs, _ = TASK.example(batch())
    np.testing.assert_allclose(model(inputs), plain(inputs), rtol=1e-6)
    np.testing.assert_array_equal(plain(inputs, training=True), plain(inputs))
    once, again = (np.asarray(model(inputs, training=True)) for _ in range(2))
    assert np.abs(once - again).max() > 0.01


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("shared", [False, True])
def test_shared_and_tied_embeddings_are_one_matrix(shared, tied):
    model = _shared_plain(share_embeddings=shared, tie_embeddings=tied)
    tables = [weight for weight in model.weights if sorted(weight.shape) == sorted((VOCABULARY, UNITS))]
    assert len(tables) == 3 - shared - tied
    assert (model.get_layer("decoder").embedding is model.get_layer("source_embedding")) == shared


def test_a_shared_matrix_gets_its_gradient_from_both_sides():
    """It is the sum of the gradients of two matrices with the same values."""
    shared, apart = _shared_plain(share_embeddings=True, tie_embeddings=False), _plain()
    table = shared.get_layer("source_embedding").embeddings
    for layer in (apart.get_layer("source_embedding"), apart.get_layer("decoder").embedding):
        layer.embeddings.assign(table)
    for name in ("encoder", "bridge", "decoder"):
        theirs = [w for w in apart.get_layer(name).weights if w.name != "embeddings"]
        ours = [w for w in shared.get_layer(name).weights if w.name != "embeddings"]
        for to, value in zip(theirs, ours, strict=True):
            to.assign(value)
    loss, gradients = _loss_and_gradients(shared, batch())
    loss_apart, gradients_apart = _loss_and_gradients(apart, batch())
    np.testing.assert_allclose(loss, loss_apart, rtol=1e-5)
    of_tables = [
        g for w, g in zip(apart.trainable_weights, gradients_apart, strict=True) if w.name == "embeddings"
    ]
    (of_shared,) = (
        g for w, g in zip(shared.trainable_weights, gradients, strict=True) if w.name == "embeddings"
    )
    assert len(of_tables) == 2 and all(np.any(gradient) for gradient in of_tables)
    np.testing.assert_allclose(of_shared, of_tables[0] + of_tables[1], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("bridge", ["copy", "zero", "dense"])
def test_every_bridge_leads_to_the_decoder(bridge):
    model = _shared_plain(bridge=bridge)
    inputs, _ = TASK.example(batch())
    other = {**inputs, "source": inputs["source"][::-1]}
    sees_the_source = not np.allclose(model(inputs), model(other))
    assert sees_the_source == (bridge != "zero")


def test_a_decoder_may_be_given_ready():
    model = _shared_plain(bridge="dense")
    decoder = RecurrentDecoder(units=UNITS, cell="rnn", attention="none")
    same = build_seq2seq(
        source_vocabulary_size=VOCABULARY,
        target_vocabulary_size=VOCABULARY,
        embedding_dim=UNITS,
        encoder={"type": "recurrent", "units": UNITS, **RNN},
        decoder=decoder,
    )
    same.set_weights(model.get_weights())
    inputs, _ = TASK.example(batch())
    np.testing.assert_array_equal(same(inputs), model(inputs))
    assert same.get_layer("decoder").decoder is decoder


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"embedding_dim": 0}, "`embedding_dim` must be positive. Received: embedding_dim=0"),
        ({"dropout": -0.1}, "`dropout` must be >= 0 and < 1. Received: dropout=-0.1"),
        ({"bridge": "cpoy"}, "`bridge` must be one of 'copy', 'zero', 'dense'. Received: bridge='cpoy'"),
        (
            {"share_embeddings": True, "source_vocabulary_size": 5},
            "`share_embeddings` needs one vocabulary for both sides (`data.share_vocabulary: true`). "
            f"Received: source_vocabulary_size=5, target_vocabulary_size={VOCABULARY}",
        ),
        (
            {"bridge": "copy", "encoder": {"bidirectional": True}},
            "`bridge` 'copy' needs encoder and decoder states of the same number and widths; use 'dense'. "
            f"Received: encoder [[{2 * UNITS}, {2 * UNITS}]], decoder [[{UNITS}, {UNITS}]]",
        ),
        (
            {"decoder": {"attention": {"type": "luong", "score": "dot"}}, "encoder": {"bidirectional": True}},
            "`score` 'dot' needs encoder outputs as wide as the decoder's state; use 'general'. "
            f"Received: encoder outputs of width {2 * UNITS}, units={UNITS}",
        ),
        ({"decoder": {"units": 0}}, "`units` must be positive. Received: units=0"),
        ({"encoder": {"units": 0}}, "`units` must be positive. Received: units=0"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        small_model(**options)


@pytest.mark.parametrize("side", ["encoder", "decoder"])
def test_an_unknown_cell_is_answered_with_the_closest_name(side):
    with pytest.raises(ValueError, match=r"Received: cell='lsmt'\. did you mean 'lstm'\?$"):
        small_model(**{side: {"cell": "lsmt"}})


@pytest.mark.parametrize("vocabulary", ["source_vocabulary_size", "target_vocabulary_size"])
def test_a_vocabulary_has_tokens(vocabulary):
    with pytest.raises(ValueError, match=rf"^`{vocabulary}` must be positive\. Received: {vocabulary}=0$"):
        small_model(**{vocabulary: 0})


def test_the_loss_takes_label_smoothing():
    assert TASK.loss(0.1).label_smoothing == 0.1 and TASK.loss().label_smoothing == 0


def test_the_builder_leaves_keras_globals_alone():
    for model in (_shared_plain(bridge="dense"), _shared_plain(bridge="zero")):  # the very same names
        for name in ("encoder", "bridge", "decoder", "source_embedding"):
            assert model.get_layer(name).name == name
    assert keras.config.dtype_policy().name == "float32"
