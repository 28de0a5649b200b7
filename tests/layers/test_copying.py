import numpy as np
import pytest
from keras import ops

from kerasseq.layers.copying import (
    MOST_UNKNOWN,
    CopyGate,
    known,
    numbered,
    numbered_alike,
    pointed_at,
    with_copies,
)
from tests.layers import equations
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal, randomise

VOCABULARY = 7
# Two different unknown words, one of them twice, and a word of the vocabulary twice; then padding.
SOURCE = np.array([[5, 900, 4, 800, 900, 5], [4, 800, 3, 0, 0, 0]], "int32")
NUMBERED = np.array([[5, 7, 4, 8, 7, 5], [4, 7, 3, 0, 0, 0]], "int32")


def _attention(*shape, seed=3):
    return equations.softmax(normal(*shape, seed=seed)).astype("float32")


def _expected(logits, gate, weights):
    """Place by place, as the equation says."""
    generated, chance = equations.softmax(logits.astype("float64")), equations.sigmoid(gate)
    total = np.zeros((*logits.shape[:2], VOCABULARY + MOST_UNKNOWN))
    for row, step in np.ndindex(*logits.shape[:2]):
        total[row, step, :VOCABULARY] = chance[row, step] * generated[row, step]
        for place, word in enumerate(NUMBERED[row]):
            total[row, step, word] += (1 - chance[row, step]) * weights[row, step, place]
    return total


def test_the_mixture_is_the_equation_and_sums_to_one():
    logits, gate, weights = normal(2, 3, VOCABULARY), normal(2, 3, seed=2), _attention(2, 3, 6)
    found = np.exp(np.asarray(with_copies(logits, gate, weights, NUMBERED)))
    assert found.shape == (2, 3, VOCABULARY + MOST_UNKNOWN)
    np.testing.assert_allclose(found, _expected(logits, gate, weights), rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(found.sum(-1), np.ones((2, 3)), rtol=1e-5)


def test_one_step_is_as_good_as_many():
    logits, gate, weights = normal(2, 3, VOCABULARY), normal(2, 3, seed=2), _attention(2, 3, 6)
    together = with_copies(logits, gate, weights, NUMBERED)
    for step in range(3):
        alone = with_copies(logits[:, step], gate[:, step], weights[:, step], NUMBERED)
        np.testing.assert_allclose(together[:, step], alone, rtol=1e-5)


def test_what_cannot_be_written_has_a_finite_logarithm_and_no_gradient():
    logits, gate, weights = normal(2, 1, VOCABULARY), np.full((2, 1), 200.0, "float32"), _attention(2, 1, 6)

    def unlikely(logits, gate, weights):
        return ops.sum(with_copies(logits, gate, weights, NUMBERED)[..., VOCABULARY:])

    value, gradients = value_and_gradients(unlikely, [logits, gate, weights], [])
    assert np.isfinite(value) and all(np.all(gradient == 0) for gradient in gradients)


def test_the_gradient_is_that_of_a_table_of_copies():
    logits, gate, weights = normal(2, 3, VOCABULARY), normal(2, 3, seed=2), _attention(2, 3, 6)
    upstream = normal(2, 3, VOCABULARY + 2, seed=5)
    table = np.eye(VOCABULARY + 2, dtype="float32")[NUMBERED]  # (batch, source_time, words)

    def scattered(logits, gate, weights):
        return ops.sum(with_copies(logits, gate, weights, NUMBERED)[..., : VOCABULARY + 2] * upstream)

    def multiplied(logits, gate, weights):
        chance = ops.sigmoid(gate)[..., None]
        written = ops.pad(chance * ops.softmax(logits), [(0, 0), (0, 0), (0, 2)])
        total = written + (1 - chance) * ops.matmul(weights, table)
        return ops.sum(ops.log(ops.maximum(total, 1e-30)) * upstream)

    arrays = [logits, gate, weights]
    value, ours = value_and_gradients(scattered, arrays, [])
    expected, theirs = value_and_gradients(multiplied, arrays, [])
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(ours, theirs)


def test_the_gate_is_the_equation():
    """w_c c_t + w_s s_t + w_x x_t + b, with the context that the attention means."""
    gate, memory, weights = CopyGate(), normal(2, 6, 4), _attention(2, 3, 6)
    states, inputs = normal(2, 3, 5, seed=4), normal(2, 3, 2, seed=5)
    gate.build(4, 5, 2)
    randomise(gate)
    context = np.einsum("btj,bjd->btd", weights, memory)
    names = ("memory_kernel", "state_kernel", "input_kernel")
    parts = zip((context, states, inputs), names, strict=True)
    expected = sum(part @ equations.weight(gate, name)[:, 0] for part, name in parts)
    expected = expected + equations.weight(gate, "bias")[0]
    prepared = gate.prepare(ops.convert_to_tensor(memory))
    np.testing.assert_allclose(gate(weights, prepared, states, inputs), expected, rtol=1e-4, atol=1e-5)
    step = gate(weights[:, 1], prepared, states[:, 1], inputs[:, 1])
    np.testing.assert_allclose(step, expected[:, 1], rtol=1e-4, atol=1e-5)


def test_unknown_words_are_numbered_in_their_order():
    np.testing.assert_array_equal(numbered(SOURCE, VOCABULARY), NUMBERED)
    np.testing.assert_array_equal(known(NUMBERED, VOCABULARY), [[5, 1, 4, 1, 1, 5], [4, 1, 3, 0, 0, 0]])


def test_a_target_has_its_sources_numbers():
    target = np.array([[2, 800, 6, 900, 700, 3], [2, 900, 800, 3, 0, 0]], "int32")
    found = numbered_alike(target, SOURCE, VOCABULARY)
    np.testing.assert_array_equal(found, [[2, 8, 6, 7, 1, 3], [2, 1, 7, 3, 0, 0]])


def test_copies_are_pointed_at_where_they_first_stand():
    tokens = np.array([[8, 5, 7, 3], [7, 3, 0, 0]], "int32")
    found = pointed_at(tokens, NUMBERED, VOCABULARY)
    np.testing.assert_array_equal(found, [[VOCABULARY + 3, 5, VOCABULARY + 1, 3], [VOCABULARY + 1, 3, 0, 0]])


@pytest.mark.parametrize("seed", range(3))
def test_numbers_are_those_of_a_dictionary(seed):
    random = np.random.default_rng(seed)
    source, target = (random.integers(4, 12, size=(4, 9)).astype("int32") for _ in range(2))
    found, alike = np.asarray(numbered(source, 6)), np.asarray(numbered_alike(target, source, 6))
    for row in range(4):
        number = {}
        for word in source[row]:
            if word >= 6:
                number.setdefault(word, 6 + len(number))
        np.testing.assert_array_equal(found[row], [number.get(word, word) for word in source[row]])
        expected = [word if word < 6 else number.get(word, 1) for word in target[row]]
        np.testing.assert_array_equal(alike[row], expected)


def test_words_beyond_the_fixed_places_stay_unknown():
    source = np.arange(100, 100 + MOST_UNKNOWN + 2, dtype="int32")[None]
    found = np.asarray(numbered(source, 10))[0]
    np.testing.assert_array_equal(found, [*range(10, 10 + MOST_UNKNOWN), 1, 1])
