import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.models.precision import weights_cast_once


@pytest.fixture
def model():
    return keras.Sequential(
        [
            keras.Input((3,)),
            keras.layers.Dense(4, dtype="mixed_bfloat16", name="half"),
            keras.layers.LayerNormalization(dtype="float32", name="full"),
        ]
    )


def test_each_layer_finds_its_weights_in_its_own_precision(model):
    kernel, gain = model.get_layer("half").kernel, model.get_layer("full").gamma
    with weights_cast_once(model):
        assert keras.backend.standardize_dtype(kernel.value.dtype) == "bfloat16"
        assert keras.backend.standardize_dtype(gain.value.dtype) == "float32"
    assert keras.backend.standardize_dtype(kernel.value.dtype) == "float32"


def test_answers_are_the_same_to_the_last_bit(model):
    inputs = ops.convert_to_tensor(np.random.default_rng(0).normal(size=(5, 3)).astype("float32"))
    expected = model(inputs)
    with weights_cast_once(model):
        found = model(inputs)
    np.testing.assert_array_equal(ops.convert_to_numpy(found), ops.convert_to_numpy(expected))
