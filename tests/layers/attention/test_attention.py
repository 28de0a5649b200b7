import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention.attention import Attention, attend, attend_gradient, mask_bias
from kerasseq.registry import create, names
from tests.layers.equations import additive_energies, product_energies
from tests.layers.equations import attend as attend_in_numpy
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import ATTENTIONS, attention_id, normal, randomise

MASK = np.array([[True, True, True, True, True], [True, True, False, False, False], [True] + [False] * 4])
LAYERS = [attention for attention in ATTENTIONS if attention["type"] != "none"]
each_attention = pytest.mark.parametrize("options", LAYERS, ids=attention_id)


def _attention(options, width=4):
    layer = create("attention", options, units=4)
    layer.build((None, 4), (None, None, width))
    return randomise(layer)


def _energies(layer, query, memory):
    equation = product_energies if hasattr(layer, "score") else additive_energies
    return equation(layer, query.astype("float64"), memory.astype("float64"))


def test_every_attention_is_found():
    assert {"none", "bahdanau", "luong"} <= set(names("attention"))
    assert {attention["type"] for attention in ATTENTIONS} == set(names("attention"))
    scores = [attention["score"] for attention in ATTENTIONS if attention["type"] == "luong"]
    assert sorted(scores) == ["concat", "dot", "general", "scaled_dot"]


@each_attention
def test_context_and_weights_are_the_equation(options):
    layer, query, memory = _attention(options), normal(3, 4), normal(3, 5, 4, seed=2)
    context, weights = layer(query, layer.prepare(memory), memory, mask_bias(MASK, "float32"))
    expected_context, expected_weights = attend_in_numpy(_energies(layer, query, memory), memory, MASK)
    np.testing.assert_allclose(weights, expected_weights, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(context, expected_context, rtol=1e-4, atol=1e-5)


@each_attention
def test_energies_are_the_equation(options):
    layer, query, memory = _attention(options), normal(3, 4), normal(3, 5, 4, seed=2)
    energies = layer.energies(layer.project_query(query), layer.prepare(memory), layer.parameters())
    np.testing.assert_allclose(energies, _energies(layer, query, memory), rtol=1e-4, atol=1e-5)


@each_attention
def test_weights_sum_to_one_and_are_zero_under_the_mask(options):
    layer, query, memory = _attention(options), 10 * normal(3, 4), 10 * normal(3, 5, 4, seed=2)
    _, weights = layer(query, layer.prepare(memory), memory, mask_bias(MASK, "float32"))
    np.testing.assert_allclose(ops.sum(weights, axis=-1), np.ones(3), rtol=1e-5)
    assert np.all(np.asarray(weights)[~MASK] == 0)


@each_attention
def test_padding_and_what_stands_there_change_nothing(options):
    layer, query, memory = _attention(options), normal(3, 4), normal(3, 5, 4, seed=2)
    bias = mask_bias(MASK, "float32")
    context, weights = layer(query, layer.prepare(memory), memory, bias)
    for row, length in enumerate(MASK.sum(-1)):
        alone = memory[row : row + 1, :length]
        context_alone, weights_alone = layer(query[row : row + 1], layer.prepare(alone), alone)
        np.testing.assert_allclose(context[row], context_alone[0], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(weights[row, :length], weights_alone[0], rtol=1e-4, atol=1e-6)
    memory[~MASK] = 1e3
    np.testing.assert_array_equal(layer(query, layer.prepare(memory), memory, bias)[0], context)


@each_attention
@pytest.mark.parametrize("masked", [True, False])
def test_all_target_steps_at_once_equal_one_by_one(options, masked):
    layer, queries, memory = _attention(options), normal(3, 6, 4), normal(3, 5, 4, seed=2)
    keys, bias = layer.prepare(memory), mask_bias(MASK, "float32") if masked else None
    contexts, weights = layer(queries, keys, memory, bias)
    assert contexts.shape == (3, 6, 4) and weights.shape == (3, 6, 5)
    for time in range(6):
        context, weights_now = layer(queries[:, time], keys, memory, bias)
        np.testing.assert_allclose(contexts[:, time], context, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(weights[:, time], weights_now, rtol=1e-5, atol=1e-6)


@each_attention
def test_the_energies_gradient_is_their_derivative(options):
    """Over three steps, so that what is summed over the steps counts too."""
    layer, queries, memory = _attention(options), normal(3, 2, 4), normal(2, 5, 4, seed=2)
    keys, upstream = np.asarray(layer.prepare(memory)), normal(3, 2, 5, seed=3)
    queries, keys, d_energies = map(ops.convert_to_tensor, (queries, keys, upstream))

    def loss(queries, keys):
        energies = [layer.energies(queries[t], keys, layer.parameters()) for t in range(3)]
        return ops.sum(ops.stack(energies) * upstream)

    inner = [weight for weight in layer.trainable_weights if weight.name == "energy_kernel"]
    _, expected = value_and_gradients(loss, [queries, keys], inner)
    total, d_queries = layer.start_gradient(keys), [None] * 3
    for t in reversed(range(3)):
        d_queries[t], total = layer.energy_gradient(
            d_energies[t], queries[t], keys, layer.parameters(), total
        )
    d_keys, d_parameters = layer.finish_gradient(total, d_energies, queries, layer.parameters())
    ours = [ops.convert_to_numpy(d) for d in (ops.stack(d_queries), d_keys, *d_parameters)]
    assert_gradients_close(ours, expected)


@each_attention
def test_an_attention_is_rebuilt_from_its_config(options):
    layer = _attention(options)
    copy = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(layer))
    assert type(copy) is type(layer) and copy.get_config() == layer.get_config()


@each_attention
def test_units_must_be_positive(options):
    with pytest.raises(ValueError, match=r"^`units` must be positive\. Received: units=0$"):
        create("attention", options, units=0)


def test_an_unknown_attention_is_answered_with_the_closest_name():
    with pytest.raises(ValueError, match=r"Received: attention='badanau'\. did you mean 'bahdanau'\?$"):
        create("attention", "badanau", units=3)


def test_the_gradient_of_attend_is_its_derivative():
    energies, values = normal(3, 5), normal(3, 5, 4, seed=2)
    d_context, d_weights = normal(3, 4, seed=3), normal(3, 5, seed=4)
    bias = mask_bias(MASK, "float32")

    def loss(energies):
        context, weights = attend(energies, values, bias)
        return ops.sum(context * d_context) + ops.sum(weights * d_weights)

    _, expected = value_and_gradients(loss, [energies])
    _, weights = attend(ops.convert_to_tensor(energies), values, bias)
    ours = attend_gradient(ops.convert_to_tensor(d_context), weights, values, d_weights)
    assert_gradients_close([np.asarray(ours)], expected)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_masked_energies_vanish_in_every_precision(dtype):
    energies = ops.cast(normal(3, 5), dtype)
    _, weights = attend(energies, ops.cast(normal(3, 5, 4), dtype), mask_bias(MASK, dtype))
    weights = np.asarray(ops.cast(weights, "float32"))
    assert np.all(weights[~MASK] == 0)
    np.testing.assert_allclose(weights.sum(-1), np.ones(3), rtol=1e-2)


def test_a_row_without_real_tokens_stays_finite():
    context, weights = attend(
        ops.convert_to_tensor(normal(1, 5)), normal(1, 5, 4), mask_bias(np.zeros((1, 5), bool), "float32")
    )
    assert np.all(np.isfinite(context)) and np.all(np.isfinite(weights))


@pytest.mark.parametrize(
    ("method", "arguments"), [("prepare", 1), ("energies", 3), ("energy_gradient", 5), ("finish_gradient", 4)]
)
def test_an_attention_must_define_its_equations(method, arguments):
    with pytest.raises(NotImplementedError, match=f"^Attention must define `{method}`$"):
        getattr(Attention(units=3), method)(*[None] * arguments)
