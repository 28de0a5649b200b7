import numpy as np
import pytest
from keras import ops, tree

from kerasseq.layers.attention.attention import mask_bias
from kerasseq.layers.attention_recurrence import batch_major
from kerasseq.layers.decoder import RecurrentDecoder
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import ATTENTIONS, attention_id, normal, randomise

MASK = np.array([[1, 1, 1, 1, 1], [1, 1, 0, 0, 0]], bool)
LAYERS = [attention for attention in ATTENTIONS if attention["type"] != "none"]


@pytest.mark.parametrize("options", LAYERS, ids=attention_id)
def test_every_result_has_the_gradient_of_the_steps(options):
    """Outputs, feeds, attention weights and the last states and feed, all at once."""
    decoder = RecurrentDecoder(units=3, num_layers=2, residual=True, attention=options)
    decoder.build((None, None, 2), (None, None, 3))
    loop = randomise(decoder)._loop()
    memory, projected = normal(2, 5, 3), normal(4, 2, decoder.cells[0].num_gates * 3, seed=2)
    states = [(normal(2, 3, seed=3), normal(2, 3, seed=4)), (normal(2, 3, seed=5), normal(2, 3, seed=6))]
    feed = normal(2, 3, seed=7)

    def fixed(memory):
        keys = decoder.attention.prepare(memory)
        bias = mask_bias(MASK, "float32")
        return {"keys": keys, "values": memory, "bias": bias, "weights": decoder._weights()}

    def together(memory, projected, states, feed):
        carry = {"product": projected, "states": states, "feed": feed, "masks": []}
        results = loop({**carry, **fixed(memory)})
        return _mixture(*(results[name] for name in ("outputs", "feeds", "attention_weights", "last")))

    def one_by_one(memory, projected, states, feed):
        carry, traces = {"states": states, "feed": feed}, []
        for time in range(4):
            now = {"product": projected[time], "masks": []}
            carry, trace = loop.step(carry, now, fixed(memory))
            traces.append([trace[name] for name in ("output", "feed", "attention_weights")])
        return _mixture(*(ops.stack(sequence) for sequence in zip(*traces, strict=True)), carry)

    arrays, weights = [memory, projected, states, feed], decoder.trainable_weights
    value, ours = value_and_gradients(together, arrays, weights)
    expected, theirs = value_and_gradients(one_by_one, arrays, weights)
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(ours, theirs)


def _mixture(*results):
    return sum(
        ops.sum(tensor * normal(*tensor.shape, seed=20 + index))
        for index, tensor in enumerate(tree.flatten(results))
    )


def test_batch_major_swaps_the_first_two_axes():
    one, two = normal(4, 2, 3), normal(4, 2)
    swapped = batch_major({"one": ops.convert_to_tensor(one), "two": ops.convert_to_tensor(two)})
    np.testing.assert_array_equal(swapped["one"], one.swapaxes(0, 1))
    np.testing.assert_array_equal(swapped["two"], two.T)
