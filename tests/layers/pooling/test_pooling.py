"""Every pooling: the equation, padding, low precision, saving, and rows that are all padding."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.pooling.attention import AttentionPooling
from kerasseq.layers.sequence_summary import SequenceSummary
from kerasseq.registry import create, names

WIDTH = 5
LENGTHS = [4, 1, 3]
MASK = np.arange(4) < np.array(LENGTHS)[:, None]
POOLINGS = {"attention": {"units": 3}, "last": {}, "max": {}, "mean": {}}


def _outputs(time=4, seed=0):
    return np.random.default_rng(seed).normal(size=(3, time, WIDTH)).astype("float32")


def _layer(word):
    layer = create("pooling", {"type": word, **POOLINGS[word]})
    layer.build((None, None, WIDTH))
    random = np.random.default_rng(1)
    layer.set_weights([random.normal(size=weight.shape) for weight in layer.get_weights()])
    return layer


def _expected(word, layer, row):
    """The summary of one row of real tokens, (time, width)."""
    if word == "attention":
        kernel, bias, query = layer.get_weights()
        energies = np.exp(np.tanh(row @ kernel + bias) @ query)[:, 0]
        return energies / energies.sum() @ row
    return {"last": row[-1], "max": row.max(axis=0), "mean": row.mean(axis=0)}[word]


def test_every_pooling_is_here():
    assert sorted(POOLINGS) == names("pooling")


@pytest.mark.parametrize("word", POOLINGS)
def test_it_is_its_equation_over_the_real_tokens(word):
    layer, outputs = _layer(word), _outputs()
    found = ops.convert_to_numpy(layer(outputs, mask=MASK))
    rows = [_expected(word, layer, outputs[row, :length]) for row, length in enumerate(LENGTHS)]
    np.testing.assert_allclose(found, rows, atol=1e-5)
    whole = [_expected(word, layer, row) for row in outputs]
    np.testing.assert_allclose(layer(outputs), whole, atol=1e-5)


@pytest.mark.parametrize("word", POOLINGS)
def test_padding_changes_nothing_and_has_no_gradient(word):
    layer, outputs = _layer(word), _outputs()
    more = np.concatenate([outputs, np.full((3, 2, WIDTH), 9.0, "float32")], axis=1)
    longer = np.pad(MASK, [(0, 0), (0, 2)])
    np.testing.assert_allclose(layer(more, mask=longer), layer(outputs, mask=MASK), atol=1e-6)


@pytest.mark.parametrize("word", POOLINGS)
def test_a_row_without_a_token_is_finite(word):
    mask = np.array([[True] * 4, [False] * 4, [True] * 4])
    assert np.all(np.isfinite(_layer(word)(_outputs(), mask=mask)))


def test_attention_adds_up_to_one_and_is_nowhere_else():
    weights = ops.convert_to_numpy(_layer("attention").attention_weights(_outputs(), MASK))
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)
    assert np.all(weights[~MASK] == 0) and np.all(weights[MASK] > 0)


def test_units_must_be_positive():
    with pytest.raises(ValueError, match="`units` must be positive. Received: units=0"):
        AttentionPooling(units=0)


@pytest.mark.parametrize("word", POOLINGS)
def test_a_summary_of_two_directions_reads_both_ends(word):
    encoder = {"type": "recurrent", "cell": "gru", "units": 3, "bidirectional": True}
    summary = SequenceSummary(encoder=encoder, pooling=word)
    inputs = _outputs()
    found = summary(inputs, mask=MASK)
    outputs, states = summary.encoder(inputs, padding_mask=MASK)
    assert found.shape == (3, 6)
    expected = states[-1][0] if word == "last" else summary.pooling(outputs, mask=MASK)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    weights = summary.attention_weights(inputs, MASK)
    assert (weights is None) == (word != "attention")
    copy = SequenceSummary.from_config(summary.get_config())
    copy.build(inputs.shape)
    copy.set_weights(summary.get_weights())
    np.testing.assert_array_equal(copy(inputs, mask=MASK), found)


def test_ready_parts_are_saved_with_a_summary():
    summary = SequenceSummary(encoder="recurrent", pooling=AttentionPooling(units=2))
    copy = SequenceSummary.from_config(keras.saving.deserialize_keras_object(summary.get_config()))
    assert isinstance(copy.pooling, AttentionPooling) and copy.pooling.units == 2


@pytest.mark.parametrize("word", POOLINGS)
def test_low_precision_is_near(word):
    layer, outputs = _layer(word), _outputs()
    low = layer(ops.cast(outputs, "bfloat16"), mask=MASK)
    np.testing.assert_allclose(ops.cast(low, "float32"), layer(outputs, mask=MASK), atol=0.05)
