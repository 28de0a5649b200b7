"""The rows of a beam search, which share the memory of their example."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.decoder import RecurrentDecoder

UNITS, EMBEDDING, SOURCE_TIME = 4, 3, 5
ATTENTIONS = ["bahdanau", *({"type": "luong", "score": score} for score in ("dot", "general", "concat"))]
EXAMPLES = np.array([0, 0, 2, 3, 3, 3], "int32")
BEAMS = {
    "examples": EXAMPLES,
    "slots": np.array([0, 2, 7, 9, 10, 11], "int32"),
    "rows": np.array([[0, 1, 1], [1, 1, 1], [1, 2, 2], [3, 4, 5]], "int32"),
}


def normal(*shape, seed):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


@pytest.mark.parametrize("attention", ATTENTIONS, ids=str)
@pytest.mark.parametrize("feeding", [True, False])
def test_a_shared_memory_is_as_good_as_one_for_each_row(attention, feeding):
    if attention == "bahdanau" and not feeding:
        return
    decoder = RecurrentDecoder(
        units=UNITS, cell="gru", num_layers=2, attention=attention, input_feeding=feeding
    )
    memory, mask = (
        normal(4, SOURCE_TIME, UNITS, seed=0),
        np.arange(SOURCE_TIME) < np.array([[5], [2], [3], [1]]),
    )
    states = [(normal(4, UNITS, seed=layer),) for layer in range(2)]
    decoder(normal(4, 2, EMBEDDING, seed=3), memory, mask, states)  # which builds it
    begun = decoder.begin(ops.convert_to_tensor(memory), mask, states)
    rows = keras.tree.map_structure(lambda leaf: ops.take(leaf, EXAMPLES, axis=0), begun)
    inputs = normal(len(EXAMPLES), EMBEDDING, seed=4)

    expected, after = decoder.step(inputs, rows)
    outputs, shared = decoder.step(inputs, {**rows, "memory": begun["memory"], "beams": BEAMS})
    np.testing.assert_allclose(outputs, expected, rtol=1e-5, atol=1e-6)
    assert shared.pop("memory") is begun["memory"]
    after.pop("memory")
    for ours, theirs in zip(keras.tree.flatten(shared), keras.tree.flatten(after), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-6)
