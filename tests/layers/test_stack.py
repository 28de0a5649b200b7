import keras
import numpy as np
import pytest

from kerasseq.layers.cells.gru import GRU
from kerasseq.layers.kernels import halves
from kerasseq.layers.recurrent import Recurrent
from kerasseq.layers.stack import RecurrentStack
from tests.layers.parts import normal, randomise

MASK = np.arange(5) < np.array([[5], [3], [1]])
X = normal(3, 5, 2)


def _stack(**options):
    stack = RecurrentStack(units=4, **options)
    stack.build((None, None, 2))
    return randomise(stack)


def _same(ours, theirs):
    for one, other in zip(keras.tree.flatten(ours), keras.tree.flatten(theirs), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("word", "merge"), [("gru", "concat"), ("lstm", "concat"), ("lstm", "sum"), ("minlstm", "sum")]
)
def test_a_padded_batch_gives_what_each_row_gives_alone(word, merge):
    stack = _stack(cell=word, num_layers=2, bidirectional=True, merge=merge, zoneout=0.2, residual=True)
    outputs, states = stack(np.where(MASK[..., None], X, 1e3), mask=MASK)
    assert outputs.shape[-1] == stack.width == (8 if merge == "concat" else 4)
    assert stack.state_sizes == [[state.shape[-1] for state in layer] for layer in states]
    for row, length in enumerate(MASK.sum(-1)):
        alone, states_alone = stack(X[row : row + 1, :length])
        _same(outputs[row : row + 1, :length], alone)
        _same(keras.tree.map_structure(lambda state, at=row: state[at : at + 1], states), states_alone)


@pytest.mark.parametrize("merge", ["concat", "sum"])
def test_directions_are_joined_or_added(merge):
    stack = _stack(bidirectional=True, merge=merge)
    forward, backward = stack.forward_layers[0](X), stack.backward_layers[0](X)
    expected = [
        one + other if merge == "sum" else np.concatenate([one, other], axis=-1)
        for one, other in zip(keras.tree.flatten(forward), keras.tree.flatten(backward), strict=True)
    ]
    _same(stack(X), expected)


@pytest.mark.parametrize("word", ["gru", "lstm", "minlstm"])
def test_a_sequence_in_pieces_and_by_steps_is_the_sequence_at_once(word):
    stack = _stack(cell=word, num_layers=2, residual=True, zoneout=0.3)
    outputs, states = stack(X)
    first, between = stack(X[:, :2])
    second, last = stack(X[:, 2:], initial_states=between)
    _same((np.concatenate([first, second], axis=1), last), (outputs, states))
    stepped, state = [], stack.zero_states(3)
    for time in range(5):
        output, state = stack.step(X[:, time], state)
        stepped.append(output)
    _same((np.stack(stepped, axis=1), state), (outputs, states))


def test_layers_are_recurrent_layers_one_after_the_other():
    stack = _stack(num_layers=2, residual=True)
    below, states = stack.forward_layers[0](X)
    above, states_above = stack.forward_layers[1](below)
    _same(stack(X), (above + below, [states, states_above]))
    assert all(isinstance(layer, Recurrent) for layer in stack.forward_layers)


def test_a_ready_cell_is_copied_for_the_other_layers():
    cell = GRU(units=4, update="textbook")
    stack = _stack(cell=cell, num_layers=2, bidirectional=True)
    cells = [layer.cell for layer in (*stack.forward_layers, *stack.backward_layers)]
    assert cells[0] is cell and len({id(each) for each in cells}) == 4
    assert {each.update for each in cells} == {"textbook"}
    assert [len(each.weights) for each in cells] == [4] * 4


def test_keras_masks_pass_through():
    tokens, stack = np.array([[4, 5, 6], [7, 0, 0]]), _stack(num_layers=2)
    embedding = keras.layers.Embedding(9, 2, mask_zero=True)
    _same(stack(embedding(tokens)), stack(embedding(tokens), mask=tokens != 0))
    mask, states = stack.compute_mask(embedding(tokens), tokens != 0)
    np.testing.assert_array_equal(mask, tokens != 0)
    assert states == [(None, None)] * 2


def test_initial_states_are_for_one_direction():
    stack = _stack(bidirectional=True)
    with pytest.raises(
        ValueError, match=r"`initial_states` are for one direction\. Received: bidirectional=True"
    ):
        stack(X, initial_states=stack.zero_states(3))


def test_dropout_is_between_the_layers_in_training():
    single = _stack(dropout=0.5)
    np.testing.assert_array_equal(single(X, training=True)[0], single(X)[0])
    stack = _stack(dropout=0.5, num_layers=2)
    np.testing.assert_array_equal(stack(X)[0], stack(X)[0])
    assert np.abs(np.asarray(stack(X, training=True)[0]) - np.asarray(stack(X)[0])).max() > 0.01


@pytest.mark.parametrize("cell", [{"type": "gru", "reset_after": False}, GRU(units=4)], ids=str)
def test_a_stack_in_a_model_is_saved_and_loaded(cell, tmp_path):
    inputs, options = keras.Input((None, 2)), {"zoneout": 0.1, "num_layers": 2, "merge": "sum"}
    outputs, states = RecurrentStack(units=4, cell=cell, bidirectional=True, **options)(inputs)
    model = randomise(keras.Model(inputs, [outputs, *keras.tree.flatten(states)]))
    model.save(tmp_path / "model.keras")
    _same(keras.saving.load_model(tmp_path / "model.keras")(X), model(X))


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("units", 0, "positive"),
        ("num_layers", 0, "positive"),
        ("merge", "mean", "one of 'concat', 'sum'"),
        ("zoneout", 1.0, ">= 0 and < 1"),
        ("recurrent_dropout", -0.1, ">= 0 and < 1"),
        ("weight_drop", 2, ">= 0 and < 1"),
        ("kernel", "mkl", "one of 'auto', 'fused', 'cudnn', 'generic'"),
    ],
)
def test_wrong_arguments_are_refused(option, value, rule):
    with pytest.raises(ValueError, match=rf"^`{option}` must be {rule}\. Received: {option}={value!r}$"):
        RecurrentStack(**{option: value})


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow alone runs loops at once")
@pytest.mark.parametrize(
    ("cores", "bidirectional", "is_halved"),
    [(2, True, False), (4, True, True), (2, False, True), (1, False, False)],
)
def test_directions_are_halved_where_they_leave_a_core_idle(cores, bidirectional, is_halved, monkeypatch):
    split = []

    def split_rows(tensor, num_first):
        split.append(num_first)
        return tensor[:num_first], tensor[num_first:]

    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(cores)), raising=False)
    monkeypatch.setattr(halves, "split_rows", split_rows)
    stack = RecurrentStack(units=halves.FEWEST_UNITS, bidirectional=bidirectional)
    stack(normal(2 * halves.FEWEST_ROWS, 3, 2), training=True)
    assert bool(split) == is_halved
