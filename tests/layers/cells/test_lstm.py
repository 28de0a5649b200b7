import numpy as np
import pytest

from kerasseq.layers.cells.lstm import LSTM


@pytest.mark.parametrize("forget_bias", [1.0, 0.0, 2.5])
def test_only_the_forget_gate_starts_with_a_bias(forget_bias):
    cell = LSTM(units=3, forget_bias=forget_bias)
    cell.build((None, 2))
    i, f, g, o = np.split(cell.bias.numpy(), 4)
    np.testing.assert_array_equal(f, np.full(3, forget_bias))
    assert not np.any([i, g, o])


def test_the_forget_bias_is_in_the_config():
    assert LSTM.from_config(LSTM(units=3, forget_bias=0.5).get_config()).forget_bias == 0.5
