"""A context that no query changes, in a decoder as in NumPy."""

import numpy as np
from keras import ops

from kerasseq.layers.attention.fixed_context import FixedContext
from kerasseq.layers.decoder import RecurrentDecoder
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal, randomise


def test_every_place_weighs_the_same():
    layer, memory = FixedContext(units=3), normal(2, 4, 5)
    layer.build((None, 3), (None, None, 5))
    for query in (normal(2, 3), normal(2, 6, 3)):
        context, weights = layer(query, layer.prepare(memory), memory)
        mean = memory.mean(axis=1).reshape(2, *[1] * (query.ndim - 2), 5)
        np.testing.assert_allclose(context, np.broadcast_to(mean, context.shape), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(weights, np.full(weights.shape, 0.25), rtol=1e-6)


def _decoder():
    decoder = RecurrentDecoder(units=4, cell="gru", attention=FixedContext(units=4))
    decoder.build((None, None, 3), (None, None, 5))
    return randomise(decoder)


def test_the_context_enters_every_step_and_the_gradient_is_its_own():
    decoder, inputs, memory, state = _decoder(), normal(2, 3, 3), normal(2, 1, 5), normal(2, 4, seed=3)

    def by_hand(inputs, memory, state):
        """The cell over [x_t, v], as one product of both."""
        cell, context, outputs = decoder.cells[0], memory[:, 0], []
        states = (state,)
        for time in range(3):
            product = cell.product(inputs[:, time], cell.input_weights()) + ops.matmul(
                context, decoder.feed_kernel
            )
            states, _ = cell.step(cell.finish_projection(product), states, cell.step_weights())
            parts = ops.concatenate([context, states[0], inputs[:, time]], axis=-1)
            outputs.append(ops.tanh(ops.matmul(parts, decoder.readout_kernel)))
        return ops.stack(outputs, axis=1)

    upstream = normal(2, 3, 4, seed=4)
    arrays = [ops.convert_to_tensor(array) for array in (inputs, memory, state)]
    weights = decoder.trainable_weights
    value, ours = value_and_gradients(
        lambda x, m, s: ops.sum(decoder(x, m, initial_states=[(s,)]) * upstream), arrays, weights
    )
    expected_value, expected = value_and_gradients(
        lambda x, m, s: ops.sum(by_hand(x, m, s) * upstream), arrays, weights
    )
    np.testing.assert_allclose(value, expected_value, rtol=1e-4)
    assert_gradients_close(ours, expected)


def test_one_token_at_a_time_is_the_same():
    decoder, inputs, memory, state = _decoder(), normal(2, 3, 3), normal(2, 1, 5), normal(2, 4, seed=3)
    together = decoder(inputs, memory, initial_states=[(state,)])
    now = decoder.begin(ops.convert_to_tensor(memory), None, [(ops.convert_to_tensor(state),)])
    for time in range(3):
        output, now = decoder.step(inputs[:, time], now)
        np.testing.assert_allclose(output, together[:, time], rtol=1e-4, atol=1e-5)
