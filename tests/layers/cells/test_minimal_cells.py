"""`mingru` and `minlstm`, which train in parallel over time."""

import numpy as np
import pytest
from keras import ops

from kerasseq.layers.cells.minlstm import MinLSTM
from kerasseq.layers.recurrent import Recurrent
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal, randomise

each_cell = pytest.mark.parametrize("word", ["mingru", "minlstm"])


def _layer(word, **options):
    layer = Recurrent(units=3, cell=word, return_sequences=True, return_state=True, **options)
    layer.build((None, None, 2))
    return randomise(layer)


@pytest.mark.parametrize("zoneout", [0.0, 0.3])
@pytest.mark.parametrize("num_steps", [1, 2, 7, 30])
@each_cell
def test_in_parallel_equals_one_by_one_with_gradients(word, num_steps, zoneout):
    layer, x, initial = _layer(word, zoneout=zoneout), normal(4, num_steps, 2), normal(4, 3, seed=2)
    mask, upstream = normal(4, num_steps, seed=3) > -0.5, normal(4, num_steps, 3, seed=4)

    def in_parallel(x, initial):
        outputs, (last,) = layer(x, mask=mask, initial_state=(initial,))
        return ops.sum(outputs * upstream) + ops.sum(last**2)

    def one_by_one(x, state):
        outputs = []
        for time in range(num_steps):
            _, (after,) = layer.step(x[:, time], (state,))
            state = ops.where(mask[:, time, None], after, state)
            outputs.append(state)
        return ops.sum(ops.stack(outputs, axis=1) * upstream) + ops.sum(state**2)

    value, ours = value_and_gradients(in_parallel, [x, initial], layer.trainable_weights)
    expected, theirs = value_and_gradients(one_by_one, [x, initial], layer.trainable_weights)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(ours, theirs)


@each_cell
def test_no_weight_multiplies_a_state(word):
    layer = _layer(word)
    assert {weight.name for weight in layer.weights} == {"kernel", "bias"}
    assert layer.cell.step_weights() == {}


def test_closed_gates_share_evenly():
    """f / (f + i) is 0 / 0 where both gates are too small to be represented."""
    cell = MinLSTM(units=2)
    cell.build((None, 3))
    cell.kernel.assign(np.zeros((3, 6)))
    cell.bias.assign([-200.0, -200.0, -200.0, -200.0, 4.0, 4.0])
    (h,), _ = cell.step(cell.project(normal(5, 3)), (2 * np.ones((5, 2), "float32"),), {})
    np.testing.assert_allclose(h, np.full((5, 2), 3.0), rtol=1e-5)


@pytest.mark.parametrize("forget_bias", [1.0, 0.0])
def test_only_the_forget_gate_starts_with_a_bias(forget_bias):
    cell = MinLSTM(units=2, forget_bias=forget_bias)
    cell.build((None, 3))
    np.testing.assert_array_equal(cell.bias.numpy(), [forget_bias] * 2 + [0.0] * 4)
    assert MinLSTM.from_config(cell.get_config()).forget_bias == forget_bias
