import keras
import numpy as np
import pytest

from kerasseq.layers.cells.gru import GRU
from kerasseq.layers.encoders.recurrent import RecurrentEncoder
from kerasseq.registry import create, names
from tests.layers.equations import CELLS as EQUATIONS
from tests.layers.parts import CELLS, normal, randomise

MASK = np.arange(5) < np.array([[5], [3], [1]])
X = normal(3, 5, 2)


def _encoder(width=2, **options):
    encoder = RecurrentEncoder(units=4, **options)
    encoder.build((None, None, width))
    return randomise(encoder)


def _read(cell, word, inputs):
    """Outputs and last states of one row, (time, features), in NumPy."""
    states, outputs = tuple(np.zeros((1, 4)) for _ in range(cell.num_states)), []
    for now in inputs:
        states = EQUATIONS[word](cell, now[None], states)
        outputs.append(states[0][0])
    return np.array(outputs), [state[0] for state in states]


@pytest.mark.parametrize(
    ("word", "num_layers", "residual", "bidirectional"),
    [
        *((word, 2, True, True) for word in CELLS),
        ("lstm", 2, True, False),
        ("lstm", 2, False, True),
        ("lstm", 1, True, True),
        ("lstm", 1, False, False),
    ],
)
def test_each_row_is_the_equation_over_its_real_tokens(word, bidirectional, num_layers, residual):
    encoder = _encoder(cell=word, bidirectional=bidirectional, num_layers=num_layers, residual=residual)
    outputs, states = encoder(X, padding_mask=MASK)
    for row, length in enumerate(MASK.sum(-1)):
        below = X[row, :length]
        for layer in range(num_layers):
            above, last = _read(encoder.stack.forward_layers[layer].cell, word, below)
            if bidirectional:
                cell = encoder.stack.backward_layers[layer].cell
                backward, backward_last = _read(cell, word, below[::-1])
                above = np.concatenate([above, backward[::-1]], axis=-1)
                last = [np.concatenate(pair) for pair in zip(last, backward_last, strict=True)]
            below = above + below if layer and residual else above
            for ours, theirs in zip(states[layer], last, strict=True):
                np.testing.assert_allclose(ours[row], theirs, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(outputs[row, :length], below, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("word", CELLS)
def test_the_backward_state_is_at_the_first_token_and_the_forward_at_the_last_real_one(word):
    encoder = _encoder(cell=word, bidirectional=True)
    outputs, ((state, *_),) = encoder(X, padding_mask=MASK)
    for row, length in enumerate(MASK.sum(-1)):
        np.testing.assert_array_equal(state[row, 4:], outputs[row, 0, 4:])
        np.testing.assert_array_equal(state[row, :4], outputs[row, length - 1, :4])


def test_what_stands_at_padding_changes_no_real_output():
    encoder = _encoder(bidirectional=True, num_layers=2)
    outputs, states = encoder(X, padding_mask=MASK)
    rubbish, rubbish_states = encoder(np.where(MASK[..., None], X, 1e3), padding_mask=MASK)
    np.testing.assert_array_equal(np.asarray(outputs)[MASK], np.asarray(rubbish)[MASK])
    for ours, theirs in zip(keras.tree.flatten(states), keras.tree.flatten(rubbish_states), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("bidirectional", [False, True])
def test_state_sizes_are_the_widths_of_the_states(bidirectional):
    encoder = _encoder(num_layers=2, bidirectional=bidirectional)
    outputs, states = encoder(X)
    assert encoder.state_sizes == [[state.shape[-1] for state in layer] for layer in states]
    assert outputs.shape[-1] == encoder.width == (8 if bidirectional else 4)


def test_dropout_works_in_training_only():
    encoder, plain = _encoder(num_layers=2, dropout=0.5), _encoder(num_layers=2)
    plain.set_weights([weight.numpy() for weight in encoder.trainable_weights])
    np.testing.assert_array_equal(encoder(X)[0], plain(X)[0])
    np.testing.assert_array_equal(plain(X, training=True)[0], plain(X)[0])
    once, again = (np.asarray(encoder(X, training=True)[0]) for _ in range(2))
    assert np.abs(once - again).max() > 0.05


@pytest.mark.parametrize("cell", ["gru", {"type": "lstm", "forget_bias": 0.5}, GRU(units=4)], ids=str)
def test_an_encoder_is_rebuilt_from_its_config(cell):
    encoder = RecurrentEncoder(units=4, cell=cell, dropout=0.25, residual=True, name="given")
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(encoder))
    assert keras.saving.serialize_keras_object(copy) == keras.saving.serialize_keras_object(encoder)
    assert copy.dropout.rate == 0.25 and copy.name == "given"
    assert type(copy.stack.forward_layers[0].cell) is type(encoder.stack.forward_layers[0].cell)


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [("units", 0, "positive"), ("num_layers", 0, "positive"), ("dropout", 1.0, ">= 0 and < 1")],
)
def test_wrong_arguments_are_refused(option, value, rule):
    with pytest.raises(ValueError, match=rf"^`{option}` must be {rule}\. Received: {option}={value}$"):
        RecurrentEncoder(**{option: value})


def test_unknown_words_are_answered_with_the_closest_name():
    assert "recurrent" in names("encoder")
    with pytest.raises(ValueError, match=r"Received: encoder='recurent'\. did you mean 'recurrent'\?$"):
        create("encoder", "recurent")
    with pytest.raises(ValueError, match=r"Received: cell='lsmt'\. did you mean 'lstm'\?$"):
        RecurrentEncoder(cell="lsmt")
