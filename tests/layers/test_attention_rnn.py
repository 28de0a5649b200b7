import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention.luong import Luong
from kerasseq.layers.attention_rnn import AttentionRNN
from kerasseq.layers.cells.gru import GRU
from tests.layers import equations
from tests.layers.gradients import value_and_gradients
from tests.layers.parts import CELLS, normal, randomise

X, MASK = normal(3, 5, 2), np.arange(5) < np.array([[5], [3], [1]])


class _Widened:
    """A cell whose kernel reads the input and, below it, the context."""

    def __init__(self, layer):
        self.cell = layer.cell
        kernel = np.concatenate([layer.cell.kernel.numpy(), layer.context_kernel.numpy()])
        self.weights = [weight for weight in layer.cell.weights if weight.name != "kernel"]
        self.weights.append(keras.Variable(kernel, name="kernel"))

    def __getattr__(self, name):
        return getattr(self.cell, name)


def _layer(**options):
    layer = AttentionRNN(units=4, **{"return_sequences": True, "return_state": True, **options})
    layer.build(X.shape)
    return randomise(layer)


def _energies(attention, query, seen):
    if isinstance(attention, Luong):
        return equations.product_energies(attention, query, seen)
    return equations.additive_energies(attention, query, seen)


@pytest.mark.parametrize(
    ("word", "attention"),
    [
        *((word, "bahdanau") for word in CELLS),
        ("lstm", "luong"),
        ("gru", {"type": "luong", "score": "scaled_dot"}),
    ],
    ids=str,
)
def test_it_is_the_equation(word, attention):
    layer = _layer(cell=word, attention=attention)
    states = tuple(normal(3, 4, seed=5 + index) for index in range(layer.cell.num_states))
    outputs, last = layer(X, initial_state=states)
    seen = [states[0]]
    for time in range(5):
        memory = np.stack(seen, axis=1)
        energies = _energies(layer.attention, states[0], memory)
        context, _ = equations.attend(energies, memory, np.ones(energies.shape, bool))
        x = np.concatenate([X[:, time], context], axis=-1)
        states = equations.CELLS[word](_Widened(layer), x, states)
        seen.append(states[0])
        np.testing.assert_allclose(outputs[:, time], states[0], rtol=1e-3, atol=1e-4)
    for ours, theirs in zip(last, states, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("word", "go_backwards"), [*((word, True) for word in CELLS), ("lstm", False)])
def test_padding_changes_nothing(word, go_backwards):
    layer = _layer(cell=word, go_backwards=go_backwards)
    outputs, states = layer(np.where(MASK[..., None], X, 1e3), mask=MASK)
    for row, length in enumerate(MASK.sum(-1)):
        alone, states_alone = layer(X[row : row + 1, :length])
        np.testing.assert_allclose(outputs[row, :length], alone[0], rtol=1e-4, atol=1e-5)
        for ours, theirs in zip(states, states_alone, strict=True):
            np.testing.assert_allclose(ours[row], theirs[0], rtol=1e-4, atol=1e-5)


def test_no_step_sees_a_later_one_and_each_sees_all_earlier_ones():
    layer = _layer()
    for time in (0, 2, 4):
        _, (d_x,) = value_and_gradients(lambda x, at=time: ops.sum(layer(x)[0][:, at]), [X])
        assert np.all(d_x[:, : time + 1]) and not np.any(d_x[:, time + 1 :])


def test_the_context_reaches_back_past_the_cell():
    """A minimal cell that forgets everything still knows what it saw, through its context."""
    layer = _layer(cell="mingru", return_state=False)
    bias = np.concatenate([np.full(4, 60.0), np.zeros(4)])  # z = 1: h_t is the candidate
    layer.cell.bias.assign(bias)
    _, (d_x,) = value_and_gradients(lambda x: ops.sum(layer(x)[:, 4] ** 2), [X])
    assert np.all(np.abs(d_x[:, 0]).max(-1) > 0)


def test_gradients_are_the_slopes():
    layer = _layer(cell="gru")
    upstream, direction = normal(3, 5, 4, seed=3), normal(3, 5, 2, seed=4)

    def loss(x):
        return ops.sum(layer(x, mask=MASK)[0] * upstream)

    _, (d_x,) = value_and_gradients(loss, [X])
    ahead, behind = (float(loss(X + step * direction)) for step in (1e-2, -1e-2))
    assert (ahead - behind) / 2e-2 == pytest.approx(np.sum(d_x * direction), rel=1e-2)


def test_a_layer_in_a_model_trains_and_is_saved_and_loaded(tmp_path):
    options = {"cell": GRU(units=4), "attention": Luong(units=4), "go_backwards": True}
    inputs = keras.Input((None, 2))
    model = keras.Model(inputs, AttentionRNN(units=4, **options)(inputs))
    model.compile("sgd", "mse", run_eagerly=keras.backend.backend() != "jax")
    before = float(model.train_on_batch(X, np.ones((3, 4))))
    assert float(model.train_on_batch(X, np.ones((3, 4)))) < before
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded(X), model(X), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(loaded(X[:, :1]), model(X[:, :1]), rtol=1e-5, atol=1e-6)


def test_keras_masks_pass_through():
    tokens, layer = np.array([[4, 5, 6], [7, 0, 0]]), _layer()
    embedding = keras.layers.Embedding(9, 2, mask_zero=True)
    masked, _ = layer(embedding(tokens))
    np.testing.assert_allclose(masked, layer(embedding(tokens), mask=tokens != 0)[0], rtol=1e-6)
    assert layer.compute_mask(masked, tokens != 0)[1] == (None, None)


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match=r"^`units` must be positive\. Received: units=0$"):
        AttentionRNN(units=0)
    with pytest.raises(ValueError, match=r"^`attention` must attend to something\. Received: .*='none'$"):
        AttentionRNN(units=2, attention="none")
