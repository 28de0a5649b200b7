"""Layer norm in every cell that has recurrent products."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.recurrent import Recurrent
from kerasseq.registry import create
from tests.layers.equations import gates_of, sigmoid, weight
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import CELLS, normal, randomise

WITH_PRODUCT = ["coupled_lstm", "gru", "lstm", "peephole_lstm", "rnn"]
X, MASK = normal(3, 5, 2), np.arange(5) < np.array([[5], [3], [1]])
each_cell = pytest.mark.parametrize("word", WITH_PRODUCT)


def _norm(a):
    return (a - a.mean(-1, keepdims=True)) / np.sqrt(a.var(-1, keepdims=True) + 1e-5)


def _cell(word, **options):
    cell = create("cell", {"type": word, "layer_norm": True, **options}, units=4)
    cell.build((None, 2))
    return randomise(cell)


def _products(cell, x, h):
    """For each gate the normalised W x + b, and the normalised U h'."""
    blocks = [
        gates_of(weight(cell, name), cell.num_gates)
        for name in ("kernel", "recurrent_kernel", "gain", "recurrent_gain", "bias")
    ]
    return zip(
        *((_norm(x @ w) * a + b, _norm(h @ u) * c) for w, u, a, c, b in zip(*blocks, strict=True)),
        strict=True,
    )


def _tanh_of_memory(cell, c):
    return np.tanh(_norm(c) * weight(cell, "state_gain") + weight(cell, "state_bias"))


def _expected(word, cell, x, states):
    from_x, from_h = (list(part) for part in _products(cell, x, states[0]))
    sums = [one + other for one, other in zip(from_x, from_h, strict=True)]
    if word == "rnn":
        return (np.tanh(sums[0]),)
    if word == "gru":
        d_z, d_r, d_n = gates_of(weight(cell, "recurrent_bias"), 3)
        z, r = sigmoid(sums[0] + d_z), sigmoid(sums[1] + d_r)
        return (z * states[0] + (1 - z) * np.tanh(from_x[2] + r * (from_h[2] + d_n)),)
    if word == "coupled_lstm":
        i, g, o = sigmoid(sums[0]), np.tanh(sums[1]), sigmoid(sums[2])
        c = (1 - i) * states[1] + i * g
    elif word == "lstm":
        i, f, g, o = sigmoid(sums[0]), sigmoid(sums[1]), np.tanh(sums[2]), sigmoid(sums[3])
        c = f * states[1] + i * g
    else:
        p_i, p_f, p_o = gates_of(weight(cell, "peephole"), 3)
        i, f = sigmoid(sums[0] + p_i * states[1]), sigmoid(sums[1] + p_f * states[1])
        c = f * states[1] + i * np.tanh(sums[2])
        o = sigmoid(sums[3] + p_o * c)
    return o * _tanh_of_memory(cell, c), c


def test_every_cell_with_products_is_here():
    assert {word for word in CELLS if create("cell", word, units=2).has_product} == set(WITH_PRODUCT)


@each_cell
def test_a_step_is_the_equation(word):
    cell = _cell(word)
    states = tuple(normal(3, 4, seed=5 + index) for index in range(cell.num_states))
    _, ours = cell(X[:, 0], states)
    for new, expected in zip(ours, _expected(word, cell, X[:, 0], states), strict=True):
        np.testing.assert_allclose(new, expected, rtol=1e-4, atol=1e-5)


def test_reset_before_the_product_normalises_the_candidates_own_product():
    cell, h = _cell("gru", reset_after=False), normal(3, 4, seed=5)
    from_x, from_h = (list(part) for part in _products(cell, X[:, 0], h))
    z, r = (sigmoid(one + other) for one, other in zip(from_x[:2], from_h[:2], strict=True))
    u, gain = weight(cell, "recurrent_kernel")[:, 8:], weight(cell, "recurrent_gain")[8:]
    n = np.tanh(from_x[2] + _norm((r * h) @ u) * gain)
    np.testing.assert_allclose(cell(X[:, 0], (h,))[0], z * h + (1 - z) * n, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("word", "go_backwards"), [*((word, True) for word in WITH_PRODUCT), ("lstm", False)]
)
def test_padding_changes_nothing(word, go_backwards):
    options = {"return_sequences": True, "return_state": True, "go_backwards": go_backwards}
    layer = Recurrent(units=4, cell={"type": word, "layer_norm": True}, **options)
    layer.build(X.shape)
    outputs, states = randomise(layer)(np.where(MASK[..., None], X, 1e3), mask=MASK)
    for row, length in enumerate(MASK.sum(-1)):
        alone, states_alone = layer(X[row : row + 1, :length])
        np.testing.assert_allclose(outputs[row, :length], alone[0], rtol=1e-4, atol=1e-5)
        for ours, theirs in zip(states, states_alone, strict=True):
            np.testing.assert_allclose(ours[row], theirs[0], rtol=1e-4, atol=1e-5)


@each_cell
def test_what_is_fed_counts_as_input(word):
    cell = create("cell", {"type": word, "layer_norm": True}, units=4)
    cell.build((None, 5))
    randomise(cell)
    x, feed = normal(3, 2), normal(3, 3, seed=2)
    kernel = cell.kernel.numpy()
    summed = cell.product(x, {"kernel": kernel[:2]}) + feed @ kernel[2:]
    whole = cell.project(np.concatenate([x, feed], axis=-1))
    np.testing.assert_allclose(cell.finish_projection(summed), whole, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("word", "attention"),
    [*((word, "bahdanau") for word in WITH_PRODUCT), ("lstm", "none"), ("lstm", "luong")],
)
def test_a_decoder_together_is_the_decoder_by_steps(word, attention):
    decoder = RecurrentDecoder(
        units=4, cell={"type": word, "layer_norm": True}, num_layers=2, attention=attention
    )
    decoder.build((None, None, 2), (None, None, 4))
    randomise(decoder)
    memory = normal(3, 5, 4, seed=2)
    states = [tuple(normal(3, 4, seed=7) for _ in sizes) for sizes in decoder.state_sizes]

    def one_by_one(inputs):
        state, outputs = decoder.begin(ops.convert_to_tensor(memory), MASK, states), []
        for time in range(5):
            output, state = decoder.step(inputs[:, time], state)
            outputs.append(output)
        return ops.sum(ops.stack(outputs) ** 2)

    value, ours = value_and_gradients(
        lambda inputs: ops.sum(decoder(inputs, memory, MASK, states) ** 2), [X], decoder.trainable_weights
    )
    expected, theirs = value_and_gradients(one_by_one, [X], decoder.trainable_weights)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(ours, theirs)


@pytest.mark.parametrize("word", ["gru", "lstm"])
def test_a_layer_in_a_model_trains_and_is_saved_and_loaded(word, tmp_path):
    inputs = keras.Input((None, 2))
    model = keras.Model(inputs, Recurrent(units=4, cell={"type": word, "layer_norm": True})(inputs))
    model.compile("sgd", "mse", run_eagerly=keras.backend.backend() != "jax")
    before = float(model.train_on_batch(X, np.ones((3, 4))))
    assert float(model.train_on_batch(X, np.ones((3, 4)))) < before
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(X), model(X), rtol=1e-6)
    assert loaded.layers[1].cell.layer_norm
