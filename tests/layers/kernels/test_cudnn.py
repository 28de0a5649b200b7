"""The weights' layout and the moving of rows, on a stand-in for cuDNN written from NVIDIA's description."""

import keras
import numpy as np
import pytest

from kerasseq.layers.kernels import cudnn
from kerasseq.layers.recurrent import Recurrent
from tests.layers.equations import sigmoid
from tests.layers.parts import normal, randomise

X = normal(3, 6, 2)


def _layer(word, **options):
    layer = Recurrent(units=4, cell=word, return_sequences=True, return_state=True, **options)
    layer.build((None, None, 2))
    return randomise(layer)


def _unpacked(vector, num_gates, features, units):
    """Matrices (gate, outputs, inputs), recurrent ones, and both biases, from cuDNN's vector."""
    sizes = [num_gates * units * width for width in (features, units, 1, 1)]
    w, u, b, d = np.split(vector, np.cumsum(sizes)[:-1])
    matrices = w.reshape(num_gates, units, features), u.reshape(num_gates, units, units)
    return *matrices, b.reshape(num_gates, units), d.reshape(num_gates, units)


def _lstm_step(x, h, c, w, u, b, d):
    i, f, g, o = (x @ w[k].T + h @ u[k].T + b[k] + d[k] for k in range(4))
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    return sigmoid(o) * np.tanh(c), c


def _gru_step(x, h, w, u, b, d):
    from_x, from_h = ([part @ m[k].T + v[k] for k in range(3)] for part, m, v in ((x, w, b), (h, u, d)))
    r, z = sigmoid(from_x[0] + from_h[0]), sigmoid(from_x[1] + from_h[1])
    n = np.tanh(from_x[2] + r * from_h[2])
    return ((1 - z) * n + z * h,)


def _stand_in(cell, inputs, states, lengths):
    step, num_gates = (_lstm_step, 4) if len(states) == 2 else (_gru_step, 3)
    weights = _unpacked(np.asarray(cudnn.parameters(cell)), num_gates, inputs.shape[-1], cell.units)
    inputs, lengths = np.asarray(inputs), np.asarray(lengths)
    outputs = np.zeros((*inputs.shape[:2], cell.units), "float32")
    last = [np.array(state) for state in states]
    for row, length in enumerate(lengths):
        now = [state[row] for state in last]
        for time in range(length):
            now = step(inputs[time, row], *now, *weights)
            outputs[time, row] = now[0]
        for state, value in zip(last, now, strict=True):
            state[row] = value
    return outputs, tuple(last)


@pytest.mark.parametrize("mask", [None, np.arange(6) < np.array([[6], [4], [1]])], ids=["none", "padded"])
@pytest.mark.parametrize("go_backwards", [False, True])
@pytest.mark.parametrize("word", ["lstm", "gru"])
def test_cudnn_gives_what_the_other_kernels_give(word, go_backwards, mask, monkeypatch):
    if keras.backend.backend() == "jax" and (word == "gru" or mask is not None):
        pytest.skip("JAX has no GRU of cuDNN's, and traces both ways to treat a mask")
    plain = _layer(word, kernel="generic", go_backwards=go_backwards)
    expected, expected_states = plain(X, mask=mask)
    monkeypatch.setattr(cudnn, "_call", _stand_in)
    monkeypatch.setattr("kerasseq.layers.kernels.choice.has_gpu", lambda: True)
    layer = _layer(word, kernel="cudnn", go_backwards=go_backwards)
    outputs, states = layer(X, mask=mask)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)
    for found, wanted in zip(states, expected_states, strict=True):
        np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("row", "expected"),
    [([1, 1, 1], True), ([1, 1, 0], True), ([0, 1, 1], True), ([1, 0, 1], False), ([0, 0, 0], False)],
)
def test_a_row_of_one_run_is_aligned(row, expected):
    mask = np.array([[1, 1, 1], row], "float32").T[..., None]
    assert bool(cudnn.is_aligned(mask)) is expected


def test_a_machine_without_a_gpu_is_known_as_one():
    import tensorflow as tf

    assert cudnn.has_gpu() or not tf.config.list_logical_devices("GPU")
