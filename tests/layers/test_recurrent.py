import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.cells.gru import GRU
from kerasseq.layers.recurrent import Recurrent
from tests.layers.equations import CELLS as EQUATIONS
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import CELLS, normal, randomise

IN_KERAS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "rnn": keras.layers.SimpleRNN}
MASKS = {
    "none": None,
    "right_padded": np.arange(6) < np.array([[6], [4], [1]]),
    "arbitrary": np.array([[0, 1, 1, 0, 1, 0], [1, 0, 0, 0, 0, 1], [0, 0, 1, 1, 1, 1]], bool),
    "a_row_of_padding": np.arange(6) < np.array([[6], [0], [3]]),
}
X = normal(3, 6, 2)


def _layer(word, **options):
    layer = Recurrent(units=4, cell=word, **{"return_sequences": True, "return_state": True, **options})
    layer.build((None, None, 2))
    return randomise(layer)


def _in_keras(layer, word):
    twin = IN_KERAS[word](4, return_sequences=True, return_state=True, go_backwards=layer.go_backwards)
    twin.build((None, None, 2))
    weights = [weight.numpy() for weight in layer.cell.weights]
    twin.set_weights([*weights[:2], np.stack(weights[2:])] if word == "gru" else weights)
    return twin


@pytest.mark.parametrize(
    ("word", "go_backwards", "mask"),
    [
        (word, go_backwards, mask)
        for word in IN_KERAS
        for place, mask in enumerate(MASKS)
        for go_backwards in ((False, True) if word == "lstm" else (place % 2 == 1,))
    ],
)
def test_outputs_states_and_gradients_are_those_of_keras(word, go_backwards, mask):
    mask = MASKS[mask]
    layer = _layer(word, go_backwards=go_backwards)
    twin = _in_keras(layer, word)
    found = []
    # At padding before the first token Keras puts out zeros; here it is the initial state.
    begins_at_once = mask is None or mask[:, -1 if go_backwards else 0].all()
    initial = [normal(3, 4, seed=5 + index) * begins_at_once for index in range(layer.cell.num_states)]

    def loss(x, *initial):
        outputs, states = layer(x, mask=mask, initial_state=tuple(initial))
        found.append((outputs, *states))
        return _mixture(outputs, states)

    def loss_in_keras(x, *initial):
        outputs, *states = twin(x, mask=mask, initial_state=list(initial))
        outputs = ops.flip(outputs, 1) if go_backwards else outputs
        found.append((outputs, *states))
        return _mixture(outputs, states)

    value, gradients = value_and_gradients(loss, [X, *initial], layer.trainable_weights)
    expected_value, expected = value_and_gradients(loss_in_keras, [X, *initial], twin.trainable_weights)
    if word == "gru":
        expected[-1:] = list(expected[-1])
    np.testing.assert_allclose(value, expected_value, rtol=1e-5)
    assert_gradients_close(gradients, expected)
    if keras.backend.backend() == "tensorflow":  # the values of the loss' insides
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def _mixture(outputs, states):
    """A number to which every output and every state counts."""
    return sum(ops.sum(part**2 * normal(*part.shape, seed=9)) for part in (outputs, *states))


@pytest.mark.parametrize("word", CELLS)
def test_a_sequence_is_the_equation_step_by_step(word):
    layer = _layer(word)
    outputs, last = layer(X)
    states = tuple(np.zeros((3, 4)) for _ in range(layer.cell.num_states))
    for time in range(6):
        states = EQUATIONS[word](layer.cell, X[:, time], states)
        np.testing.assert_allclose(outputs[:, time], states[0], rtol=1e-4, atol=1e-5)
    for ours, theirs in zip(last, states, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("word", "mask"), [*((word, "arbitrary") for word in CELLS), ("lstm", "none")])
def test_gradients_are_those_of_the_steps_derived_automatically(word, mask):
    layer, mask = _layer(word), MASKS[mask]

    def stepwise(x):
        states, outputs = layer.cell.zero_states(3), []
        for time in range(6):
            _, after = layer.cell(x[:, time], states)
            is_real = np.ones((3, 1), bool) if mask is None else mask[:, time, None]
            states = tuple(ops.where(is_real, new, old) for new, old in zip(after, states, strict=True))
            outputs.append(states[0])
        return _mixture(ops.stack(outputs, axis=1), states)

    value, ours = value_and_gradients(lambda x: _mixture(*layer(x, mask=mask)), [X], layer.trainable_weights)
    expected, theirs = value_and_gradients(stepwise, [X], layer.trainable_weights)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    assert_gradients_close(ours, theirs)


@pytest.mark.parametrize(("word", "go_backwards"), [*((word, True) for word in CELLS), ("lstm", False)])
def test_padding_changes_nothing(word, go_backwards):
    layer, mask = _layer(word, go_backwards=go_backwards), MASKS["right_padded"]
    outputs, states = layer(X, mask=mask)
    rubbish = np.where(mask[..., None], X, 1e3)
    for ours, theirs in zip(states, layer(rubbish, mask=mask)[1], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for row, length in enumerate(mask.sum(-1)):
        alone, states_alone = layer(X[row : row + 1, :length])
        np.testing.assert_allclose(outputs[row, :length], alone[0], rtol=1e-4, atol=1e-5)
        for ours, theirs in zip(states, states_alone, strict=True):
            np.testing.assert_allclose(ours[row], theirs[0], rtol=1e-4, atol=1e-5)


def test_padding_gets_no_gradient():
    layer, mask = _layer("lstm"), MASKS["arbitrary"]
    _, (d_x, *_) = value_and_gradients(lambda x: ops.sum(layer(x, mask=mask)[1][0]), [X])
    assert np.all(d_x[~mask] == 0) and np.all(np.any(d_x[mask] != 0, axis=-1))


@pytest.mark.parametrize("return_state", [False, True])
@pytest.mark.parametrize("return_sequences", [False, True])
def test_what_is_returned(return_sequences, return_state):
    everything, states = _layer("lstm")(X)
    layer = _layer("lstm", return_sequences=return_sequences, return_state=return_state)
    result = layer(X)
    output, found = result if return_state else (result, states)
    np.testing.assert_array_equal(output, everything if return_sequences else everything[:, -1])
    for ours, theirs in zip(found, states, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_the_first_output_of_a_backward_layer_has_read_everything():
    layer = _layer("gru", go_backwards=True, return_sequences=False)
    outputs, (state,) = _layer("gru", go_backwards=True)(X)
    np.testing.assert_array_equal(outputs[:, 0], state)
    np.testing.assert_array_equal(layer(X)[0], state)


def test_keras_masks_pass_through():
    tokens = np.array([[4, 5, 6], [7, 0, 0]])
    embedding = keras.layers.Embedding(9, 2, mask_zero=True)
    layer = Recurrent(units=4, return_sequences=True)
    masked = layer(embedding(tokens))
    np.testing.assert_allclose(masked, layer(embedding(tokens), mask=tokens != 0), rtol=1e-6)
    np.testing.assert_array_equal(layer.compute_mask(masked, tokens != 0), tokens != 0)
    assert Recurrent(units=4).compute_mask(masked, tokens != 0) is None
    assert Recurrent(units=4, return_state=True).compute_mask(masked, tokens != 0) == (None, (None, None))


@pytest.mark.parametrize("cell", ["gru", {"type": "rnn", "activation": "relu"}, "object"])
def test_a_layer_in_a_model_is_saved_and_loaded(cell, tmp_path):
    inputs = keras.Input((None, 2))
    layer = Recurrent(units=4, cell=GRU(units=4) if cell == "object" else cell, go_backwards=True)
    model = randomise(keras.Model(inputs, layer(inputs)))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(X), model(X))


def test_time_may_differ_from_batch_to_batch():
    layer = _layer("lstm")
    inputs = keras.Input((None, 2))
    outputs, states = layer(inputs)
    model = keras.Model(inputs, [outputs, *states])
    for time in (1, 2, 6):
        for ours, theirs in zip(model(X[:, :time]), keras.tree.flatten(layer(X[:, :time])), strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=1e-6)


def test_units_must_be_positive():
    with pytest.raises(ValueError, match=r"^`units` must be positive\. Received: units=0$"):
        Recurrent(units=0)


def test_an_unknown_cell_is_answered_with_the_closest_name():
    with pytest.raises(ValueError, match=r"Received: cell='gruu'\. did you mean 'gru'\?$"):
        Recurrent(units=3, cell="gruu")
