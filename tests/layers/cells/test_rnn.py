import numpy as np
import pytest
from keras import ops

from kerasseq.layers.cells.rnn import RNN
from kerasseq.layers.recurrent import Recurrent
from tests.layers.equations import rnn
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal, randomise


@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_a_step_is_the_equation(activation):
    cell = RNN(units=3, activation=activation)
    cell.build((None, 2))
    randomise(cell)
    x, states = normal(4, 2), (normal(4, 3, seed=2),)
    np.testing.assert_allclose(cell(x, states)[0], rnn(cell, x, states)[0], rtol=1e-5, atol=1e-6)


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
