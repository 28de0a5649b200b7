import numpy as np
import pytest

from kerasseq.layers.cells.coupled_lstm import CoupledLSTM
from kerasseq.layers.cells.lstm import LSTM
from kerasseq.layers.cells.peephole_lstm import PeepholeLSTM
from tests.layers.parts import normal, randomise


@pytest.mark.parametrize("forget_bias", [1.0, 0.0, 2.5])
@pytest.mark.parametrize("cell", [LSTM, PeepholeLSTM])
def test_only_the_forget_gate_starts_with_a_bias(cell, forget_bias):
    cell = cell(units=3, forget_bias=forget_bias)
    cell.build((None, 2))
    i, f, g, o = np.split(cell.bias.numpy(), 4)
    np.testing.assert_array_equal(f, np.full(3, forget_bias))
    assert not np.any([i, g, o])


def test_the_coupled_gate_starts_with_the_opposite_bias():
    cell = CoupledLSTM(units=3, forget_bias=2.0)
    cell.build((None, 2))
    np.testing.assert_array_equal(cell.bias.numpy(), [-2.0] * 3 + [0.0] * 6)


@pytest.mark.parametrize("cell", [LSTM, PeepholeLSTM, CoupledLSTM])
def test_the_forget_bias_is_in_the_config(cell):
    assert cell.from_config(cell(units=3, forget_bias=0.5).get_config()).forget_bias == 0.5


def test_without_peepholes_it_is_an_lstm():
    plain, peephole = LSTM(units=3), PeepholeLSTM(units=3)
    for cell in (plain, peephole):
        cell.build((None, 2))
    randomise(plain)
    peephole.set_weights([*plain.get_weights(), np.zeros(9)])
    x, states = normal(4, 2), (normal(4, 3, seed=2), normal(4, 3, seed=3))
    for ours, theirs in zip(peephole(x, states)[1], plain(x, states)[1], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
