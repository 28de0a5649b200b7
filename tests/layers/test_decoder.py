import functools
import re
import typing

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention.luong import Luong
from kerasseq.layers.cells.gru import GRU
from kerasseq.layers.decoder import RecurrentDecoder
from tests.layers import equations
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import (
    A_FEW_WAYS,
    ATTENTIONS,
    CELLS,
    DECODERS,
    WAYS_TO_ATTEND,
    decoder_id,
    normal,
    randomise,
)

UNITS, BATCH, SOURCE_TIME, TARGET_TIME = 4, 3, 5, 4
MASK = np.arange(SOURCE_TIME) < np.array([[5], [2], [1]])
INPUTS = normal(BATCH, TARGET_TIME, 3)
each_decoder = pytest.mark.parametrize("place", range(len(DECODERS)), ids=map(decoder_id, DECODERS))


def _decoder(options, width=UNITS):
    decoder = RecurrentDecoder(units=UNITS, **options)
    decoder.build((None, None, 3), (None, None, width))
    return randomise(decoder)


def _states(decoder):
    return [
        tuple(normal(BATCH, size, seed=7 + 3 * layer + index) for index, size in enumerate(sizes))
        for layer, sizes in enumerate(decoder.state_sizes)
    ]


def _stepwise(decoder, inputs, memory, states):
    """The outputs of all steps and the attention weights of each."""
    state, outputs, weights = decoder.begin(memory, MASK, states), [], []
    for time in range(inputs.shape[1]):
        output, state = decoder.step(inputs[:, time], state)
        outputs.append(output)
        weights.append(state.get("attention_weights"))
    return ops.stack(outputs, axis=1), weights


class Compared(typing.NamedTuple):
    """A decoder's outputs for all steps together and one by one, with their gradients."""

    decoder: RecurrentDecoder
    outputs: typing.Any
    stepped: typing.Any
    weights: list
    together: tuple
    one_by_one: tuple


@functools.cache
def _compared(place):
    decoder, memory = _decoder(DECODERS[place]), normal(BATCH, SOURCE_TIME, UNITS, seed=2)
    states, upstream = _states(decoder), normal(BATCH, TARGET_TIME, UNITS, seed=3)

    def together(inputs, memory, states):
        return ops.sum(decoder(inputs, memory, MASK, states) * upstream)

    def one_by_one(inputs, memory, states):
        return ops.sum(_stepwise(decoder, inputs, memory, states)[0] * upstream)

    arrays, variables = [INPUTS, memory, states], decoder.trainable_weights
    stepped, weights = _stepwise(decoder, INPUTS, ops.convert_to_tensor(memory), states)
    outputs = decoder(INPUTS, memory, MASK, states)
    results = (value_and_gradients(loss, arrays, variables) for loss in (together, one_by_one))
    return Compared(decoder, outputs, stepped, weights, *results)


def test_every_combination_is_here():
    assert len(WAYS_TO_ATTEND) == 2 + 2 * (len(ATTENTIONS) - 2) == 10
    assert all(way in WAYS_TO_ATTEND for way in A_FEW_WAYS)
    assert len(DECODERS) == len(WAYS_TO_ATTEND) + (len(CELLS) - 1) * len(A_FEW_WAYS) >= 28
    assert len({decoder_id(options) for options in DECODERS}) == len(DECODERS)
    kinds = {
        (options["attention"]["type"], options["input_feeding"], options["num_layers"])
        for options in DECODERS
    }
    assert len(kinds) == 2 * 4


@each_decoder
def test_all_steps_together_equal_one_by_one_with_their_gradients(place):
    """The gradient of the loop is written by hand; that of the steps is found automatically."""
    compared = _compared(place)
    np.testing.assert_allclose(compared.outputs, compared.stepped, rtol=1e-4, atol=1e-5)
    (value, ours), (expected, theirs) = compared.together, compared.one_by_one
    np.testing.assert_allclose(value, expected, rtol=1e-4, atol=1e-5)
    assert_gradients_close(ours, theirs)


@pytest.mark.parametrize("options", DECODERS[::5], ids=decoder_id)
def test_dropout_of_rate_zero_equals_none(options):
    decoder, memory = _decoder({**options, "dropout": 0.0}), normal(BATCH, SOURCE_TIME, UNITS, seed=2)
    arguments = (INPUTS, memory, MASK, _states(decoder))
    np.testing.assert_array_equal(decoder(*arguments, training=True), decoder(*arguments))


@pytest.mark.parametrize("attention", ["none", "bahdanau", "luong"])
def test_dropout_masks_count_in_the_gradient(attention):
    """With fixed masks between the layers, against the steps with the same masks."""
    decoder = _decoder({"attention": attention, "num_layers": 2, "residual": True, "dropout": 0.5})
    memory, states = normal(BATCH, SOURCE_TIME, UNITS, seed=2), _states(decoder)
    mask = 2.0 * (normal(TARGET_TIME, BATCH, UNITS, seed=4) > 0).astype("float32")
    decoder.dropout_masks = lambda by_time, training: [ops.convert_to_tensor(mask)]

    def one_by_one(inputs, memory, states):
        state, outputs = decoder.begin(memory, MASK, states), []
        for time in range(TARGET_TIME):
            output, state = decoder.step(inputs[:, time], state, [ops.convert_to_tensor(mask[time])])
            outputs.append(output)
        return ops.sum(ops.stack(outputs, axis=1) ** 2)

    def together(inputs, memory, states):
        return ops.sum(decoder(inputs, memory, MASK, states) ** 2)

    arrays, weights = [INPUTS, memory, states], decoder.trainable_weights
    value, ours = value_and_gradients(together, arrays, weights)
    expected, theirs = value_and_gradients(one_by_one, arrays, weights)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(ours, theirs)


@pytest.mark.parametrize("attention", ["none", "bahdanau", "luong"])
def test_dropout_changes_training_and_not_inference(attention):
    decoder = _decoder({"attention": attention, "num_layers": 2, "dropout": 0.5})
    plain = _decoder({"attention": attention, "num_layers": 2})
    plain.set_weights([weight.numpy() for weight in decoder.trainable_weights])
    memory = normal(BATCH, SOURCE_TIME, UNITS, seed=2)
    arguments = (INPUTS, memory, MASK, _states(decoder))
    np.testing.assert_array_equal(decoder(*arguments), plain(*arguments))
    in_training = [np.asarray(decoder(*arguments, training=True)) for _ in range(2)]
    assert np.abs(in_training[0] - in_training[1]).max() > 0.1
    # Half of the outputs are zero, the others are made up for.
    assert np.mean([outputs == 0 for outputs in in_training]) == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("cell", CELLS)
def test_bahdanau_is_the_equation(cell):
    """c_i looks from s_{i-1}; s_i reads [y_{i-1}, c_i]; the readout sees [c_i, s_i, y_{i-1}]."""
    decoder, memory = (
        _decoder({"cell": cell, "attention": "bahdanau"}, width=6),
        normal(BATCH, SOURCE_TIME, 6),
    )
    (states,) = initial = _states(decoder)
    outputs, weights = _stepwise(decoder, INPUTS, ops.convert_to_tensor(memory), initial)
    readout = equations.weight(decoder, "readout_kernel")
    widened = _Widened(decoder.cells[0], equations.weight(decoder, "feed_kernel"))
    for time in range(TARGET_TIME):
        energies = equations.additive_energies(decoder.attention, states[0], memory)
        context, expected_weights = equations.attend(energies, memory, MASK)
        x = np.concatenate([INPUTS[:, time], context], axis=-1)
        states = equations.CELLS[cell](widened, x, states)
        expected = np.tanh(np.concatenate([context, states[0], INPUTS[:, time]], axis=-1) @ readout)
        np.testing.assert_allclose(weights[time], expected_weights, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(outputs[:, time], expected, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("feeding", [True, False])
@pytest.mark.parametrize("cell", CELLS)
def test_luong_is_the_equation(cell, feeding):
    """s_i reads [y_{i-1}, m_{i-1}]; m_i = tanh(W_c [c_i; s_i]) is the output."""
    options = {"cell": cell, "attention": "luong", "input_feeding": feeding}
    decoder, memory = _decoder(options, width=6), normal(BATCH, SOURCE_TIME, 6)
    (states,) = initial = _states(decoder)
    outputs, weights = _stepwise(decoder, INPUTS, ops.convert_to_tensor(memory), initial)
    readout, attentional = equations.weight(decoder, "readout_kernel"), np.zeros((BATCH, UNITS))
    widened = _Widened(decoder.cells[0], equations.weight(decoder, "feed_kernel")) if feeding else None
    for time in range(TARGET_TIME):
        x = np.concatenate([INPUTS[:, time], attentional], axis=-1) if feeding else INPUTS[:, time]
        states = equations.CELLS[cell](widened or decoder.cells[0], x, states)
        energies = equations.product_energies(decoder.attention, states[0], memory)
        context, expected_weights = equations.attend(energies, memory, MASK)
        attentional = np.tanh(np.concatenate([context, states[0]], axis=-1) @ readout)
        np.testing.assert_allclose(weights[time], expected_weights, rtol=1e-3, atol=1e-5)
        np.testing.assert_allclose(outputs[:, time], attentional, rtol=1e-3, atol=1e-5)


class _Widened:
    """A cell whose input kernel has the rows of the feed below its own."""

    def __init__(self, cell, feed_kernel):
        self.cell = cell
        self.weights = [weight for weight in cell.weights if weight.name != "kernel"]
        kernel = np.concatenate([equations.weight(cell, "kernel"), feed_kernel])
        self.weights.append(keras.Variable(kernel, name="kernel"))

    def __getattr__(self, name):
        return getattr(self.cell, name)


@pytest.mark.parametrize("residual", [False, True])
def test_residual_layers_add_their_input(residual):
    decoder = _decoder({"cell": "rnn", "attention": "none", "num_layers": 3, "residual": residual})
    states = _states(decoder)
    outputs = decoder(INPUTS, initial_states=states)
    for time in range(TARGET_TIME):
        below = INPUTS[:, time]
        for index, cell in enumerate(decoder.cells):
            states[index] = equations.rnn(cell, below, states[index])
            below = states[index][0] + below if index and residual else states[index][0]
        np.testing.assert_allclose(outputs[:, time], below, rtol=1e-4, atol=1e-5)


@each_decoder
def test_what_stands_at_padding_changes_nothing(place):
    decoder, memory = _compared(place).decoder, normal(BATCH, SOURCE_TIME, UNITS, seed=2)
    rubbish = np.where(MASK[..., None], memory, 9.0)
    outputs = decoder(INPUTS, rubbish, MASK, _states(decoder))
    assert outputs.shape == (BATCH, TARGET_TIME, UNITS)
    np.testing.assert_array_equal(outputs, _compared(place).outputs)


@pytest.mark.parametrize("attention", ["bahdanau", "luong"])
@pytest.mark.parametrize("feeding", [True, False])
def test_no_mask_means_that_every_token_is_real(attention, feeding):
    if attention == "bahdanau" and not feeding:
        return
    decoder = _decoder({"attention": attention, "input_feeding": feeding})
    memory, states = normal(BATCH, SOURCE_TIME, UNITS, seed=2), _states(decoder)
    everything = np.ones((BATCH, SOURCE_TIME), bool)
    expected = decoder(INPUTS, memory, everything, states)
    outputs = decoder(INPUTS, memory, initial_states=states)
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)


@each_decoder
def test_attention_weights_are_those_of_the_output(place):
    decoder, weights = _compared(place).decoder, _compared(place).weights
    if decoder.attention is None:
        assert weights == [None] * TARGET_TIME
        return
    for now in map(np.asarray, weights):
        np.testing.assert_allclose(now.sum(-1), np.ones(BATCH), rtol=1e-5)
        assert np.all(now[~MASK] == 0)


def test_a_step_keeps_the_structure_of_the_state():
    """So that it can be the body of a loop, and only `memory` stays as it is."""
    for options in DECODERS[:: len(CELLS)]:
        decoder, memory = _decoder(options), normal(BATCH, SOURCE_TIME, UNITS)
        begun = decoder.begin(ops.convert_to_tensor(memory), MASK, _states(decoder))
        _, state = decoder.step(INPUTS[:, 0], begun)
        keras.tree.assert_same_structure(begun, state)
        assert state["memory"] is begun["memory"]
        for before, after in zip(keras.tree.flatten(begun), keras.tree.flatten(state), strict=True):
            assert before.shape == after.shape


@pytest.mark.parametrize("options", [{"attention": "luong"}, {"attention": Luong(units=4, score="dot")}])
@pytest.mark.parametrize("cell", ["gru", {"type": "rnn", "activation": "relu"}, GRU(units=4)], ids=str)
def test_a_decoder_is_rebuilt_from_its_config(cell, options):
    decoder = RecurrentDecoder(units=UNITS, cell=cell, name="given", **options)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(decoder))
    assert copy.name == "given"
    assert copy.attention.score == decoder.attention.score
    assert type(copy.cells[0]) is type(decoder.cells[0])
    assert keras.saving.serialize_keras_object(copy) == keras.saving.serialize_keras_object(decoder)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"units": 0}, "`units` must be positive. Received: units=0"),
        ({"num_layers": 0}, "`num_layers` must be positive. Received: num_layers=0"),
        ({"dropout": 1.0}, "`dropout` must be >= 0 and < 1. Received: dropout=1.0"),
        (
            {"input_feeding": False},
            "Bahdanau's attention feeds its context into the cell: leave `input_feeding` on, or take "
            "`luong` with score 'concat'. Received: input_feeding=False",
        ),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        RecurrentDecoder(**options)


@pytest.mark.parametrize(
    ("option", "word", "meant"), [("cell", "lsmt", "lstm"), ("attention", "loung", "luong")]
)
def test_unknown_words_are_answered_with_the_closest_name(option, word, meant):
    with pytest.raises(ValueError, match=rf"`{option}` must be one of .*did you mean '{meant}'\?$"):
        RecurrentDecoder(units=UNITS, **{option: word})
