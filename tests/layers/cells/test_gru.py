import itertools

import keras
import numpy as np
import pytest

from kerasseq.layers.cells.gru import GRU
from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.recurrent import Recurrent
from tests.layers.equations import gru
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal, randomise

ARRANGEMENTS = [
    {"update": update, "reset_after": after}
    for update, after in itertools.product(["keras", "textbook"], [True, False])
]
IDS = ["-".join(map(str, options.values())) for options in ARRANGEMENTS]
MEMORY_MASK = np.arange(5) < np.array([[5], [3], [1]])
each_arrangement = pytest.mark.parametrize("options", ARRANGEMENTS, ids=IDS)


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


@each_arrangement
def test_each_arrangement_is_its_equation(options):
    layer = Recurrent(units=4, cell={"type": "gru", **options}, return_sequences=True)
    x, state = normal(3, 5, 2), (np.zeros((3, 4)),)
    layer.build(x.shape)
    outputs = randomise(layer)(x)
    for time in range(5):
        state = gru(layer.cell, x[:, time], state)
        np.testing.assert_allclose(outputs[:, time], state[0], rtol=1e-4, atol=1e-5)
    copy = GRU.from_config(layer.cell.get_config())
    assert (copy.update, copy.reset_after) == tuple(options.values())


def test_reset_before_the_product_is_that_of_keras():
    layer = Recurrent(units=4, cell={"type": "gru", "reset_after": False}, return_sequences=True)
    twin = keras.layers.GRU(4, reset_after=False, return_sequences=True)
    x, upstream = normal(3, 5, 2), normal(3, 5, 4, seed=2)
    layer.build(x.shape)
    twin.build(x.shape)
    twin.set_weights([weight.numpy() for weight in randomise(layer).weights])
    value, ours = value_and_gradients(
        lambda x: keras.ops.sum(layer(x) * upstream), [x], layer.trainable_weights
    )
    expected, theirs = value_and_gradients(
        lambda x: keras.ops.sum(twin(x) * upstream), [x], twin.trainable_weights
    )
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    assert_gradients_close(ours, theirs)


@pytest.mark.parametrize(
    ("options", "attention"),
    [
        (ARRANGEMENTS[1], "none"),
        (ARRANGEMENTS[1], "bahdanau"),
        (ARRANGEMENTS[2], "luong"),
        (ARRANGEMENTS[3], "luong"),
    ],
    ids=str,
)
def test_a_decoder_runs_each_arrangement(options, attention):
    decoder = RecurrentDecoder(
        units=4, cell={"type": "gru", **options}, num_layers=2, attention=attention, residual=True
    )
    decoder.build((None, None, 3), (None, None, 4))
    randomise(decoder)
    inputs, memory, states = normal(3, 4, 3), normal(3, 5, 4, seed=2), [(normal(3, 4, seed=4),)] * 2

    def one_by_one(inputs, memory):
        state, outputs = decoder.begin(memory, MEMORY_MASK, states), []
        for time in range(4):
            output, state = decoder.step(inputs[:, time], state)
            outputs.append(output)
        return keras.ops.sum(keras.ops.stack(outputs) ** 2)

    def together(inputs, memory):
        return keras.ops.sum(decoder(inputs, memory, MEMORY_MASK, states) ** 2)

    value, ours = value_and_gradients(together, [inputs, memory], decoder.trainable_weights)
    expected, theirs = value_and_gradients(one_by_one, [inputs, memory], decoder.trainable_weights)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(ours, theirs)


def test_an_unknown_update_is_refused():
    with pytest.raises(
        ValueError, match=r"`update` must be one of 'keras', 'textbook'. Received: update='z'$"
    ):
        GRU(units=3, update="z")
