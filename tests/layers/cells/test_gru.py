import numpy as np

from kerasseq.layers.cells.gru import GRU
from tests.layers.parts import normal, randomise


def _extreme(**biases):
    cell = GRU(units=2)
    cell.build((None, 3))
    randomise(cell)
    bias = np.split(np.zeros(6), 3)
    for gate, value in biases.items():
        bias["zrn".index(gate)][:] = value
    cell.bias.assign(np.concatenate(bias))
    return cell


def test_an_open_update_gate_keeps_the_state():
    cell, x, h = _extreme(z=60.0), normal(4, 3), normal(4, 2, seed=2)
    np.testing.assert_allclose(cell(x, (h,))[0], h, atol=1e-6)


def test_a_closed_reset_gate_hides_the_state_from_the_candidate():
    cell, x = _extreme(z=-60.0, r=-60.0), normal(4, 3)
    here, there = (cell(x, (normal(4, 2, seed=seed),))[0] for seed in (2, 3))
    np.testing.assert_allclose(here, there, atol=1e-6)
