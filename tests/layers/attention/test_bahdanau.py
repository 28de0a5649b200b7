import numpy as np

from kerasseq.layers.attention.bahdanau import Bahdanau
from tests.layers.parts import normal, randomise


def test_its_context_enters_the_cell():
    assert Bahdanau(units=3).feeds_context


def test_encoder_outputs_may_be_wider_than_the_state():
    layer = Bahdanau(units=3)
    layer.build((None, 3), (None, None, 8))
    memory = normal(2, 5, 8)
    context, weights = randomise(layer)(normal(2, 3), layer.prepare(memory), memory)
    assert context.shape == (2, 8) and weights.shape == (2, 5)


def test_equal_keys_share_the_weight():
    layer = Bahdanau(units=3)
    layer.build((None, 3), (None, None, 4))
    memory = np.repeat(normal(2, 1, 4), 5, axis=1)
    context, weights = randomise(layer)(normal(2, 3), layer.prepare(memory), memory)
    np.testing.assert_allclose(weights, np.full((2, 5), 0.2), rtol=1e-5)
    np.testing.assert_allclose(context, memory[:, 0], rtol=1e-5)
