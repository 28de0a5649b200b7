import keras
import numpy as np
import pytest

from kerasseq.layers.cells.gru import GRU
from kerasseq.layers.encoders.pyramidal import PyramidalEncoder
from tests.layers.encoders.test_recurrent import _read
from tests.layers.parts import normal, randomise

LENGTHS = np.array([7, 6, 3, 1])
MASK = np.arange(7) < LENGTHS[:, None]
X = normal(4, 7, 2)


def made(**options):
    encoder = PyramidalEncoder(units=4, **options)
    encoder.build((None, None, 2))
    return randomise(encoder)


def pairs(steps):
    """Neighbours side by side, 0 beside the last of an odd number."""
    steps = np.pad(steps, ((0, len(steps) % 2), (0, 0)))
    return steps.reshape(len(steps) // 2, -1)


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("word", ["gru", "lstm"])
def test_each_row_is_the_equation_over_its_real_steps(word, bidirectional):
    encoder = made(cell=word, bidirectional=bidirectional, num_layers=3)
    outputs, states = encoder(X, padding_mask=MASK)
    mask = np.asarray(encoder.output_mask(MASK))
    for row, length in enumerate(LENGTHS):
        below = X[row, :length]
        for index, layer in enumerate(encoder.layers):
            below = pairs(below) if index else below
            above, last = _read(layer.forward_layers[0].cell, word, below)
            if bidirectional:
                backward, backward_last = _read(layer.backward_layers[0].cell, word, below[::-1])
                above = np.concatenate([above, backward[::-1]], axis=-1)
                last = [np.concatenate(both) for both in zip(last, backward_last, strict=True)]
            below = above
            for ours, theirs in zip(states[index], last, strict=True):
                np.testing.assert_allclose(np.asarray(ours)[row], theirs, rtol=1e-3, atol=1e-5)
        assert mask[row].sum() == len(below) == -(-length // 4)
        np.testing.assert_allclose(np.asarray(outputs)[row, : len(below)], below, rtol=1e-3, atol=1e-5)


def test_padding_changes_no_real_output():
    encoder = made()
    outputs, states = encoder(X, padding_mask=MASK)
    rubbish = np.pad(np.where(MASK[..., None], X, 1e3), ((0, 0), (0, 5), (0, 0)), constant_values=7.0)
    longer, longer_states = encoder(rubbish, padding_mask=np.pad(MASK, ((0, 0), (0, 5))))
    mask = np.asarray(encoder.output_mask(MASK))
    longer = np.asarray(longer)[:, : mask.shape[1]]
    np.testing.assert_allclose(np.asarray(outputs)[mask], longer[mask], rtol=1e-5, atol=1e-7)
    for ours, theirs in zip(keras.tree.flatten(states), keras.tree.flatten(longer_states), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


def test_without_a_mask_every_step_is_real():
    encoder = made()
    outputs, _ = encoder(X)
    np.testing.assert_array_equal(outputs, encoder(X, padding_mask=np.ones((4, 7), bool))[0])
    assert encoder.output_mask(None) is None


def test_one_layer_is_a_plain_one():
    outputs, _ = made(num_layers=1)(X, padding_mask=MASK)
    assert outputs.shape == (4, 7, 8)


def test_state_sizes_are_the_widths_of_the_states():
    encoder = made(num_layers=2)
    outputs, states = encoder(X)
    assert encoder.state_sizes == [[state.shape[-1] for state in layer] for layer in states]
    assert outputs.shape[-1] == encoder.width == 8


def test_dropout_works_in_training_only():
    encoder = made(dropout=0.5)
    np.testing.assert_array_equal(encoder(X)[0], encoder(X)[0])
    assert (np.asarray(encoder(X)[0]) != np.asarray(encoder(X, training=True)[0])).any()


@pytest.mark.parametrize("cell", ["gru", {"type": "lstm", "layer_norm": True}, GRU(units=4)])
def test_it_comes_back_from_its_config(cell):
    encoder = PyramidalEncoder(units=4, cell=cell, num_layers=2)
    encoder.build((None, None, 2))
    copy = keras.layers.deserialize(keras.layers.serialize(encoder))
    copy.set_weights([np.asarray(weight) for weight in encoder.weights])
    np.testing.assert_array_equal(copy(X)[0], encoder(X)[0])


def test_arguments_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`num_layers` must be positive. Received: num_layers=0"):
        PyramidalEncoder(num_layers=0)
