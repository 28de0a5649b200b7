import keras
import numpy as np
import pytest

from kerasseq.layers.frame_scores import FrameScores
from tests.layers.parts import normal, randomise

X = normal(2, 4, 3)
MASK = np.arange(4) < np.array([[4], [2]])


def made():
    layer = FrameScores(vocabulary_size=5)
    layer.build(X.shape)
    return randomise(layer)


def test_real_frames_are_scored_and_the_others_are_certain_blanks():
    layer = made()
    found = np.asarray(layer(X, MASK))
    expected = X @ np.asarray(layer.dense.kernel) + np.asarray(layer.dense.bias)
    np.testing.assert_allclose(found[MASK], expected[MASK], rtol=1e-5)
    shares = np.exp(found[~MASK]) / np.exp(found[~MASK]).sum(-1, keepdims=True)
    np.testing.assert_array_equal(shares, [[1, 0, 0, 0, 0]] * 2)


def test_scores_are_in_single_precision():
    layer = FrameScores(vocabulary_size=5, dtype="mixed_bfloat16")
    assert keras.backend.standardize_dtype(layer(X, MASK).dtype) == "float32"


def test_it_comes_back_from_its_config():
    assert keras.layers.deserialize(keras.layers.serialize(made())).vocabulary_size == 5


def test_a_vocabulary_has_a_size():
    with pytest.raises(ValueError, match="`vocabulary_size` must be positive. Received: vocabulary_size=0"):
        FrameScores(vocabulary_size=0)
