"""Gradients on Keras' TensorFlow and JAX backends, for tests of gradients written by hand."""

import keras
import numpy as np
from keras import ops, tree


def value_and_gradients(function, arrays, variables=()):
    """The number `function(*arrays)` and its gradients for arrays and variables, in NumPy."""
    if keras.backend.backend() == "jax":
        value, found = _with_jax(function, arrays, variables)
    else:
        value, found = _with_tensorflow(function, arrays, variables)
    return float(value), [ops.convert_to_numpy(gradient) for gradient in found]


def _with_tensorflow(function, arrays, variables):
    import tensorflow as tf

    arrays = tree.map_structure(tf.convert_to_tensor, arrays)
    with tf.GradientTape() as tape:
        tape.watch(tree.flatten(arrays))
        value = function(*arrays)
    wanted = [*tree.flatten(arrays), *(variable.value for variable in variables)]
    found = tape.gradient(value, wanted, unconnected_gradients="zero")
    return value, [tf.convert_to_tensor(gradient) for gradient in found]


def _with_jax(function, arrays, variables):
    import jax

    def of_values(arrays, values):
        with keras.StatelessScope(state_mapping=list(zip(variables, values, strict=True))):
            return function(*arrays)

    values = [variable.value for variable in variables]
    value, found = jax.value_and_grad(of_values, argnums=(0, 1))(arrays, values)
    return value, tree.flatten(found[0]) + found[1]


def assert_gradients_close(actual, expected, rtol=1e-4):
    """Each gradient agrees, measured against its largest entry."""
    assert len(actual) == len(expected)
    for ours, theirs in zip(actual, expected, strict=True):
        scale = max(np.abs(theirs).max(), 1e-3)
        np.testing.assert_allclose(ours / scale, theirs / scale, rtol=0, atol=rtol)
