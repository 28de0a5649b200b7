import keras
import numpy as np
import pytest

from kerasseq.layers.subsampling import Subsampling
from tests.layers.parts import normal, randomise

LENGTHS = np.array([7, 5, 2, 1])
MASK = np.arange(7) < LENGTHS[:, None]
X = normal(4, 7, 3)


def made(**options):
    layer = Subsampling(**{"filters": 4, **options})
    layer.build(X.shape)
    return randomise(layer)


def expected(layer, frames):
    """One recording, (frames, features), in NumPy."""
    before = (layer.kernel_size - 1) // 2
    for convolution, norm, stride in zip(layer.convolutions, layer.norms, layer.strides, strict=True):
        kernel, gain, bias = (np.asarray(weight) for weight in (convolution.kernel, norm.gamma, norm.beta))
        padded = np.pad(frames, ((before, layer.kernel_size), (0, 0)))
        rows = []
        for start in range(0, len(frames), stride):
            row = np.einsum("kf,kfo->o", padded[start : start + layer.kernel_size], kernel)
            row = (row - row.mean()) / np.sqrt(row.var() + 1e-5)
            rows.append(np.maximum(row * gain + bias, 0))
        frames = np.array(rows)
    return frames


@pytest.mark.parametrize("kernel_size", [3, 4])
@pytest.mark.parametrize("strides", [[2, 2], [3], [1, 2]])
def test_each_recording_is_convolved_as_if_it_were_alone(strides, kernel_size):
    layer = made(strides=strides, kernel_size=kernel_size)
    outputs, mask = layer(X, MASK)
    for row, length in enumerate(LENGTHS):
        wanted = expected(layer, X[row, :length])
        assert int(np.asarray(mask)[row].sum()) == len(wanted)
        np.testing.assert_allclose(np.asarray(outputs)[row, : len(wanted)], wanted, rtol=1e-3, atol=1e-5)


def test_its_shape_is_known_before_it_runs():
    layer = made(strides=[2, 2])
    outputs, mask = layer(X, MASK)
    assert layer.compute_output_shape(X.shape, MASK.shape) == (outputs.shape, mask.shape)
    assert layer.compute_output_shape((None, None, 3)) == ((None, None, 4), (None, None))


def test_dropout_works_in_training_only():
    layer = made(dropout=0.5)
    assert (np.asarray(layer(X, MASK)[0]) != np.asarray(layer(X, MASK, training=True)[0])).any()
    np.testing.assert_array_equal(layer(X, MASK)[0], layer(X, MASK)[0])


def test_it_comes_back_from_its_config():
    options = {"strides": [2, 3], "filters": 5, "kernel_size": 4, "dropout": 0.1}
    config = keras.layers.deserialize(keras.layers.serialize(Subsampling(**options))).get_config()
    assert {name: config[name] for name in options} == options


def test_arguments_out_of_range_are_refused():
    with pytest.raises(
        ValueError, match=r"`strides` must be positive, one at least. Received: strides=\[0\]"
    ):
        Subsampling(strides=[0])
    with pytest.raises(ValueError, match="`filters` must be positive. Received: filters=0"):
        Subsampling(filters=0)
