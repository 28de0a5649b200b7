import numpy as np
import pytest
from keras import ops

from kerasseq.layers import affine as module
from kerasseq.layers.affine import affine, linear, turned
from tests.layers.gradients import assert_gradients_close, value_and_gradients
from tests.layers.parts import normal


@pytest.mark.parametrize("shape", [(4, 3), (2, 5, 3)])
@pytest.mark.parametrize("has_bias", [True, False])
@pytest.mark.parametrize("tied", [True, False])
def test_it_is_a_product_and_a_sum_with_their_gradients(shape, has_bias, tied):
    arrays = [normal(*shape), normal(3, 6, seed=1), *([normal(6, seed=2)] if has_bias else [])]
    upstream = normal(*shape[:-1], 6, seed=3)

    def plain(inputs, kernel, bias=0.0):
        return ops.sum((ops.matmul(inputs, kernel) + bias) * upstream)

    def outputs(inputs, kernel, *bias):
        return affine(inputs, ops.transpose(kernel) if tied else kernel, *bias, tied=tied)

    def ours(*arrays):
        return ops.sum(outputs(*arrays) * upstream)

    expected = arrays[0] @ arrays[1] + (arrays[2] if has_bias else 0)
    np.testing.assert_allclose(outputs(*map(ops.convert_to_tensor, arrays)), expected, rtol=1e-5, atol=1e-6)
    value, gradients = value_and_gradients(ours, arrays, [])
    expected, automatic = value_and_gradients(plain, arrays, [])
    np.testing.assert_allclose(value, expected, rtol=1e-4)
    assert_gradients_close(gradients, automatic)


@pytest.mark.parametrize("shape", [(4, 3), (2, 5, 3), (2, 1, 5, 3)])
def test_a_product_goes_over_the_last_axis(shape):
    inputs, kernel, bias = normal(*shape), normal(3, 6, seed=1), normal(6, seed=2)
    tensors = map(ops.convert_to_tensor, (inputs, kernel, bias))
    np.testing.assert_allclose(linear(*tensors), inputs @ kernel + bias, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(linear(inputs, kernel), inputs @ kernel, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("most", [0, module.MOST_TURNED])
def test_turned_is_the_transpose(most, monkeypatch):
    monkeypatch.setattr(module, "MOST_TURNED", most)
    matrix = normal(3, 5)
    np.testing.assert_array_equal(turned(ops.convert_to_tensor(matrix)), matrix.T)


def test_a_half_kernel_is_multiplied_and_added_to_in_half_precision():
    inputs, kernel, bias = normal(4, 3), normal(3, 6, seed=1), normal(6, seed=2)
    halves = [ops.cast(array, "bfloat16") for array in (inputs, kernel, bias)]
    outputs = affine(*halves[:2], ops.convert_to_tensor(bias))
    wholes = [ops.convert_to_numpy(ops.cast(half, "float32")) for half in halves]
    expected = wholes[0] @ wholes[1] + wholes[2]
    assert ops.dtype(outputs) == "float32"
    assert np.any(outputs != expected)
    np.testing.assert_allclose(outputs, expected, rtol=2**-7, atol=2**-7)
