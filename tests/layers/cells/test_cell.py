import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.cells.cell import Cell
from kerasseq.registry import create, names
from tests.layers.equations import CELLS as EQUATIONS
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import CELLS, normal, randomise


def _cell(word, units=3, width=2, **options):
    cell = create("cell", {"type": word, **options}, units=units)
    cell.build((None, width))
    return randomise(cell)


def _states(cell, batch=4):
    return tuple(normal(batch, cell.units, seed=10 + index) for index in range(cell.num_states))


def test_every_cell_has_an_equation():
    shipped = {"coupled_lstm", "gru", "lstm", "mingru", "minlstm", "peephole_lstm", "rnn"}
    assert set(EQUATIONS) == set(CELLS) == shipped <= set(names("cell"))


@pytest.mark.parametrize("word", CELLS)
def test_a_step_is_the_equation(word):
    cell = _cell(word)
    x, states = normal(4, 2), _states(cell)
    output, new_states = cell(x, states)
    expected = EQUATIONS[word](cell, x, states)
    np.testing.assert_allclose(output, expected[0], rtol=1e-5, atol=1e-6)
    assert len(new_states) == len(expected) == cell.num_states
    for ours, theirs in zip(new_states, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("word", CELLS)
def test_a_step_back_is_the_derivative_of_a_step(word):
    cell = _cell(word)
    projected, states = normal(4, cell.num_gates * 3), _states(cell)
    upstream = tuple(normal(4, 3, seed=20 + index) for index in range(cell.num_states))

    def loss(projected, states, weights):
        after, _ = cell.step(projected, states, weights)
        return sum(ops.sum(new * d_new) for new, d_new in zip(after, upstream, strict=True))

    weights = cell.step_weights()
    arrays = [projected, states, keras.tree.map_structure(ops.convert_to_numpy, weights)]
    _, expected = value_and_gradients(loss, arrays)
    states = tuple(map(ops.convert_to_tensor, states))
    _, saved = cell.step(ops.convert_to_tensor(projected), states, weights)
    previous, saved = keras.tree.map_structure(lambda tensor: tensor[None], (states, saved))
    factors = keras.tree.map_structure(lambda tensor: tensor[0], cell.factors(previous, saved))
    d_projected, d_states = cell.step_gradient(
        tuple(map(ops.convert_to_tensor, upstream)), factors, cell.transposed_weights(weights)
    )
    d_weights = cell.weight_gradients(previous, saved, d_projected[None])
    keras.tree.assert_same_structure(weights, d_weights)
    found = keras.tree.flatten((d_projected, d_states, d_weights))
    assert_gradients_close([np.asarray(d) for d in found], expected)


@pytest.mark.parametrize("word", CELLS)
def test_a_cell_runs_in_keras_own_loop(word):
    cell = _cell(word)
    x = normal(2, 5, 2)
    outputs = keras.layers.RNN(cell, return_sequences=True)(x)
    states = tuple(np.zeros((2, 3)) for _ in range(cell.num_states))
    for time in range(5):
        states = EQUATIONS[word](cell, x[:, time], states)
        np.testing.assert_allclose(outputs[:, time], states[0], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("word", CELLS)
def test_a_cell_is_rebuilt_from_its_config(word):
    cell = _cell(word)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(cell))
    copy.set_weights(cell.get_weights())
    assert copy.get_config() == cell.get_config()
    x, states = normal(4, 2), _states(cell)
    np.testing.assert_array_equal(copy(x, states)[0], cell(x, states)[0])


@pytest.mark.parametrize("word", CELLS)
def test_each_gate_starts_with_an_orthogonal_square(word):
    cell = create("cell", word, units=3)
    cell.build((None, 2))
    if not cell.has_product:
        assert {weight.name for weight in cell.weights} == {"kernel", "bias"}
        return
    for square in np.split(cell.recurrent_kernel.numpy(), cell.num_gates, axis=-1):
        np.testing.assert_allclose(square @ square.T, np.eye(3), atol=1e-5)


@pytest.mark.parametrize("word", CELLS)
@pytest.mark.parametrize("units", [0, -1])
def test_units_must_be_positive(word, units):
    with pytest.raises(ValueError, match=rf"^`units` must be positive\. Received: units={units}$"):
        create("cell", word, units=units)


def test_an_unknown_cell_is_answered_with_the_closest_name():
    with pytest.raises(
        ValueError, match=r"^`cell` must be one of .*Received: cell='lsmt'\. did you mean 'lstm'\?$"
    ):
        create("cell", "lsmt", units=3)


@pytest.mark.parametrize(
    ("method", "arguments"), [("step", 3), ("factors", 2), ("step_gradient", 3), ("weight_gradients", 3)]
)
def test_a_cell_must_define_its_equations(method, arguments):
    with pytest.raises(NotImplementedError, match=f"^Cell must define `{method}`$"):
        getattr(Cell(units=3), method)(*[None] * arguments)
