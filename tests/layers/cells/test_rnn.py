import numpy as np
import pytest
from keras import ops

from kerasseq.layers.cells.rnn import RNN
from kerasseq.layers.recurrent import Recurrent
from tests.layers import equations
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal, randomise


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_step_is_the_equation(activation):
    cell = RNN(units=3, activation=activation)
    cell.build((None, 2))
    randomise(cell)
    x, states = normal(4, 2), (normal(4, 3, seed=2),)
    np.testing.assert_allclose(cell(x, states)[0], equations.rnn(cell, x, states)[0], rtol=1e-5, atol=1e-6)


def test_relu_has_the_gradient_of_its_steps():
    layer = Recurrent(units=3, cell={"type": "rnn", "activation": "relu"})
    x, upstream = normal(4, 5, 2), normal(4, 3, seed=2)
    layer.build(x.shape)
    randomise(layer)

    def stepwise(x):
        states = layer.cell.zero_states(4)
        for time in range(5):
            _, states = layer.cell(x[:, time], states)
        return ops.sum(states[0] * upstream)

    weights = layer.trainable_weights
    actual, ours = value_and_gradients(lambda x: ops.sum(layer(x) * upstream), [x], weights)
    expected, theirs = value_and_gradients(stepwise, [x], weights)
    np.testing.assert_allclose(actual, expected, rtol=1e-5)
    assert_gradients_close(ours, theirs)


def test_an_unknown_activation_is_refused():
    with pytest.raises(
        ValueError, match=r"^`activation` must be one of 'tanh', 'relu'. Received: activation='elu'$"
    ):
        RNN(units=3, activation="elu")


def test_bptt_by_hand():
    """The textbook's recursion over delta_t = dL/d(W x_t + U h_{t-1} + b), in NumPy.

    delta_t = (1 - h_t^2) * (dL/dh_t + delta_{t+1} U^T)
    dL/dW = sum_t x_t^T delta_t, dL/dU = sum_t h_{t-1}^T delta_t, dL/db = sum_t delta_t, dL/dx_t = delta_t W^T
    """
    layer = Recurrent(units=3, cell="rnn", return_sequences=True)
    x, d_h = normal(4, 6, 2), normal(4, 6, 3, seed=2)  # a gradient reaches the state at every step
    layer.build(x.shape)
    w, u, b = (equations.weight(randomise(layer).cell, n) for n in ("kernel", "recurrent_kernel", "bias"))
    h = [np.zeros((4, 3))]
    for time in range(6):
        h.append(np.tanh(x[:, time] @ w + h[-1] @ u + b))
    d_w, d_u, d_b, d_x = np.zeros_like(w), np.zeros_like(u), np.zeros_like(b), np.zeros(x.shape)
    delta = np.zeros((4, 3))
    for time in reversed(range(6)):
        delta = (1 - h[time + 1] ** 2) * (d_h[:, time] + delta @ u.T)
        d_w += x[:, time].T @ delta
        d_u += h[time].T @ delta
        d_b += delta.sum(0)
        d_x[:, time] = delta @ w.T
    _, found = value_and_gradients(lambda x: ops.sum(layer(x) * d_h), [x], layer.trainable_weights)
    assert_gradients_close(found, [d_x, d_w, d_u, d_b])
