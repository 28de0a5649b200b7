"""Copying and coverage in the decoder: against the equations, step by step and in a beam."""

import re

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.coverage import coverage_loss
from kerasseq.layers.decoder import RecurrentDecoder
from tests.layers import equations
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal, randomise
from tests.layers.test_decoder_beams import BEAMS, EXAMPLES

UNITS, BATCH, SOURCE_TIME, TARGET_TIME = 4, 3, 5, 4
MASK = np.arange(SOURCE_TIME) < np.array([[5], [2], [1]])
INPUTS = normal(BATCH, TARGET_TIME, 3)
MEMORY = normal(BATCH, SOURCE_TIME, 6, seed=2)
CONCAT = {"type": "luong", "score": "concat"}
DECODERS = [
    {"attention": "bahdanau", "coverage": True},
    {"attention": CONCAT, "coverage": True, "num_layers": 2, "residual": True},
    {"attention": "bahdanau", "copy": True, "coverage": True},
    {"attention": "luong", "copy": True},
    {"attention": "luong", "copy": True, "input_feeding": False, "num_layers": 2},
]
each_decoder = pytest.mark.parametrize("options", DECODERS, ids=str)


def _decoder(options):
    decoder = RecurrentDecoder(units=UNITS, cell="gru", **options)
    decoder.build((None, None, 3), (None, None, 6))
    return randomise(decoder)


def _states(decoder):
    return [(normal(BATCH, UNITS, seed=7 + layer),) for layer in range(len(decoder.cells))]


def _stepwise(decoder, inputs, memory, states):
    state, outputs, seen = decoder.begin(memory, MASK, states), [], []
    for time in range(inputs.shape[1]):
        output, state = decoder.step(inputs[:, time], state)
        outputs.append(output)
        seen.append({name: state[name] for name in ("attention_weights", "copy_gate") if name in state})
    stacked = keras.tree.map_structure(lambda *steps: ops.stack(steps, axis=1), *seen)
    return ops.stack(outputs, axis=1), stacked


@each_decoder
def test_all_steps_together_equal_one_by_one_with_their_gradients(options):
    decoder = _decoder(options)
    states, upstream = _states(decoder), normal(BATCH, TARGET_TIME, SOURCE_TIME, seed=3)

    def mixture(found):
        outputs, seen = found
        total = ops.sum(outputs**2) + ops.sum(seen["attention_weights"] * upstream)
        return total + ops.sum(seen["copy_gate"] * upstream[..., 0]) if "copy_gate" in seen else total

    def together(inputs, memory, states):
        return mixture(decoder(inputs, memory, MASK, states, with_attention=True))

    def one_by_one(inputs, memory, states):
        return mixture(_stepwise(decoder, inputs, memory, states))

    arrays, weights = [INPUTS, MEMORY, states], decoder.trainable_weights
    value, ours = value_and_gradients(together, arrays, weights)
    expected, theirs = value_and_gradients(one_by_one, arrays, weights)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(ours, theirs)
    names = {
        weight.name
        for weight, gradient in zip(weights, ours[-len(weights) :], strict=True)
        if np.any(gradient)
    }
    assert not options.get("copy") or {"memory_kernel", "state_kernel", "input_kernel"} <= names
    assert not options.get("coverage") or "coverage_kernel" in names


def test_coverage_enters_bahdanaus_energies():
    """e_tj = v^T tanh(W s_{t-1} + U h_j + w_u u_tj + b), with u the sum of the weights before."""
    decoder = _decoder(DECODERS[0])
    (states,) = initial = _states(decoder)
    _, seen = _stepwise(decoder, INPUTS, ops.convert_to_tensor(MEMORY), initial)
    attention, kernel = decoder.attention, equations.weight(decoder, "coverage_kernel")
    w, u = equations.weight(attention, "query_kernel"), equations.weight(attention, "memory_kernel")
    b, v = equations.weight(attention, "bias"), equations.weight(attention, "energy_kernel")[:, 0]
    looked = np.zeros((BATCH, SOURCE_TIME))
    state = decoder.begin(ops.convert_to_tensor(MEMORY), MASK, initial)
    for time in range(TARGET_TIME):
        query = np.asarray(state["states"][0][0], "float64") @ w
        hidden = np.tanh(query[:, None] + MEMORY @ u + looked[..., None] * kernel + b)
        _, expected = equations.attend(hidden @ v, MEMORY, MASK)
        np.testing.assert_allclose(seen["attention_weights"][:, time], expected, rtol=1e-3, atol=1e-5)
        looked += expected
        _, state = decoder.step(INPUTS[:, time], state)
    assert len(states) == 1


@each_decoder
def test_a_step_keeps_the_structure_of_the_state(options):
    decoder = _decoder(options)
    begun = decoder.begin(ops.convert_to_tensor(MEMORY), MASK, _states(decoder))
    _, state = decoder.step(INPUTS[:, 0], begun)
    keras.tree.assert_same_structure(begun, state)
    for before, after in zip(keras.tree.flatten(begun), keras.tree.flatten(state), strict=True):
        assert before.shape == after.shape and before.dtype == after.dtype


@each_decoder
def test_a_shared_memory_is_as_good_as_one_for_each_row(options):
    decoder = _decoder(options)
    memory, mask = normal(4, SOURCE_TIME, 6, seed=0), np.arange(SOURCE_TIME) < np.array([[5], [2], [3], [1]])
    states = [(normal(4, UNITS, seed=layer),) for layer in range(len(decoder.cells))]
    begun = decoder.begin(ops.convert_to_tensor(memory), mask, states)
    _, begun = decoder.step(normal(4, 3, seed=3), begun)  # so that there is something covered
    rows = keras.tree.map_structure(lambda leaf: ops.take(leaf, EXAMPLES, axis=0), begun)
    inputs = normal(len(EXAMPLES), 3, seed=4)
    expected, after = decoder.step(inputs, rows)
    outputs, shared = decoder.step(inputs, {**rows, "memory": begun["memory"], "beams": BEAMS})
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)
    after.pop("memory"), shared.pop("memory")
    for ours, theirs in zip(keras.tree.flatten(shared), keras.tree.flatten(after), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)


def test_the_loss_counts_what_is_looked_at_again():
    weights = equations.softmax(normal(2, 4, 5))
    mask = np.array([[1, 1, 1, 1], [1, 1, 0, 0]], bool)
    steps = []
    for row, step in zip(*np.nonzero(mask), strict=True):
        before = weights[row, :step].sum(0)
        steps.append(sum(min(now, then) for now, then in zip(weights[row, step], before, strict=True)))
    np.testing.assert_allclose(coverage_loss(weights, mask), np.mean(steps), rtol=1e-5)
    once = np.eye(4, 5)[None]
    assert float(coverage_loss(once, np.ones((1, 4), bool))) == 0
    assert float(coverage_loss(once, np.zeros((1, 4), bool))) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"copy": True, "attention": "none"}, "`copy` needs an attention. Received: attention='none'"),
        (
            {"coverage": True, "attention": "luong"},
            "`coverage` needs an additive attention, `bahdanau` or `luong` with score 'concat', and "
            "`input_feeding`. Received: attention='luong', input_feeding=True",
        ),
        (
            {"coverage": True, "attention": "none"},
            "`coverage` needs an additive attention, `bahdanau` or `luong` with score 'concat', and "
            "`input_feeding`. Received: attention='none', input_feeding=True",
        ),
        ({"coverage_weight": -1.0}, "`coverage_weight` must be >= 0. Received: coverage_weight=-1.0"),
    ],
)
def test_wrong_arguments_are_refused(options, message):
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        RecurrentDecoder(units=UNITS, **options)


def test_coverage_without_the_feed_is_refused():
    with pytest.raises(ValueError, match="and `input_feeding`"):
        RecurrentDecoder(units=UNITS, coverage=True, attention=CONCAT, input_feeding=False)


def test_a_decoder_is_rebuilt_from_its_config():
    decoder = RecurrentDecoder(units=UNITS, copy=True, coverage=True, coverage_weight=0.5)
    copy = RecurrentDecoder.from_config(decoder.get_config())
    assert copy.copy_gate is not None and copy.coverage and copy.coverage_weight == 0.5
