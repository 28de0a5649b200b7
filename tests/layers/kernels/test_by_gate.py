import keras
import numpy as np
import pytest

from kerasseq.layers.cells.lstm import LSTM
from kerasseq.layers.kernels import by_gate
from kerasseq.layers.kernels.by_gate import project_by_gate, weights_by_gate
from kerasseq.registry import create
from kerasseq.threads import WITHIN_AN_OPERATION
from tests.layers.equations import CELLS as EQUATIONS
from tests.layers.parts import normal, randomise

NEEDS_TENSORFLOW = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="only TensorFlow's operations wait for each other"
)
WITH_GATES = {
    "lstm": {"type": "lstm"},
    "gru": {"type": "gru"},
    "textbook": {"type": "gru", "update": "textbook"},
}
WITHOUT = {
    "rnn": {"type": "rnn"},
    "layer_norm": {"type": "lstm", "layer_norm": True},
    "reset_before": {"type": "gru", "reset_after": False},
}


def _cell(options, units=3):
    cell = create("cell", options, units=units)
    cell.build((None, 2))
    return randomise(cell)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    monkeypatch.setenv(WITHIN_AN_OPERATION, "1")


def _derived():
    """A cell whose step need not be that of the one it derives from."""
    cell = type("Other", (LSTM,), {})(units=3)
    cell.build((None, 2))
    return cell


@NEEDS_TENSORFLOW
@pytest.mark.parametrize("name", WITH_GATES)
def test_a_step_by_gate_is_the_equation(name, monkeypatch):
    monkeypatch.setattr(by_gate, "FEWEST_UNITS", 3)
    cell = _cell(WITH_GATES[name])
    x, states = normal(4, 2), tuple(normal(4, 3, seed=index) for index in range(1, cell.num_states + 1))
    weights = weights_by_gate(cell)
    after = cell.step_by_gate(project_by_gate(x, weights), states, weights)
    expected = EQUATIONS[WITH_GATES[name]["type"]](cell, x, states)
    assert len(after) == len(expected)
    for ours, theirs in zip(after, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@NEEDS_TENSORFLOW
def test_what_is_narrow_or_has_no_such_step_goes_as_before(monkeypatch):
    assert weights_by_gate(_cell({"type": "lstm"})) is None
    monkeypatch.setattr(by_gate, "FEWEST_UNITS", 3)
    assert weights_by_gate(_cell({"type": "lstm"}, units=2)) is None
    assert weights_by_gate(_derived()) is None
    assert weights_by_gate(_cell({"type": "lstm"})) is not None
    monkeypatch.setenv(WITHIN_AN_OPERATION, "2")
    assert weights_by_gate(_cell({"type": "lstm"})) is None
    monkeypatch.setenv(WITHIN_AN_OPERATION, "1")
    assert all(weights_by_gate(_cell(options)) is None for options in WITHOUT.values())
