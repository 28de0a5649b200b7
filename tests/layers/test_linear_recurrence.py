import numpy as np
import pytest
from keras import ops

from kerasseq.layers.linear_recurrence import linear_recurrence
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal


def _sequences(num_steps):
    decay = 1 / (1 + np.exp(-normal(num_steps, 2, 3)))
    return decay.astype("float32"), normal(num_steps, 2, 3, seed=2), normal(2, 3, seed=3)


def _one_by_one(decay, addition, state):
    states = []
    for time in range(decay.shape[0]):
        state = decay[time] * state + addition[time]
        states.append(state)
    return ops.stack(states)


@pytest.mark.parametrize("num_steps", [1, 2, 3, 4, 5, 9, 10, 17])
def test_states_and_gradients_are_those_of_the_steps(num_steps):
    arrays, upstream = _sequences(num_steps), normal(num_steps, 2, 3, seed=4)
    np.testing.assert_allclose(linear_recurrence(*arrays), _one_by_one(*arrays), rtol=1e-5, atol=1e-6)
    _, ours = value_and_gradients(lambda *given: ops.sum(linear_recurrence(*given) * upstream), arrays)
    _, theirs = value_and_gradients(lambda *given: ops.sum(_one_by_one(*given) * upstream), arrays)
    assert_gradients_close(ours, theirs)


@pytest.mark.parametrize("decay", [0.0, 1e-30, 1.0])
def test_extreme_decays_are_harmless(decay):
    ones = np.ones((50, 1, 1), "float32")
    states = ops.convert_to_numpy(linear_recurrence(decay * ones, ones, ones[0]))
    expected = np.arange(2, 52) if decay == 1 else np.ones(50)
    np.testing.assert_allclose(states[:, 0, 0], expected, rtol=1e-6)


def test_low_precision_adds_up_in_full():
    ones = ops.ones((300, 1, 1), "bfloat16")  # 256 + 1 is 256 there
    states = linear_recurrence(ones, ones, ones[0])
    assert states.dtype == ones.dtype
    assert float(states[-1, 0, 0]) == pytest.approx(301, rel=0.01)
