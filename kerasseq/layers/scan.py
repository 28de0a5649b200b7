"""Loops over time, and gradients written by hand: the one place where Keras' backends differ.

`keras.ops.scan` on TensorFlow passes its carry through arrays and wants outputs shaped like the carry;
a recurrent layer saves more than its state, so this scan takes any structure.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops, tree

Step = Callable[[Any, Any], tuple[Any, Any]]


def scan(step: Step, carry: Any, inputs: Any, *, reverse: bool = False) -> tuple[Any, Any]:
    """Applies `step` along the first axis.

    Args:
        step: `(carry, inputs_t) -> (carry, outputs_t)`, pure; the carry keeps its shapes.
        carry: A structure of tensors.
        inputs: A structure of tensors, (time, ...), with at least one time step.
        reverse: Go from the last step to the first; outputs keep their places.
    Returns:
        The last carry, and the outputs stacked, (time, ...).
    """
    backend = keras.backend.backend()
    if backend == "tensorflow":
        return _scan_tensorflow(step, carry, inputs, reverse)
    if backend == "jax":
        import jax

        return jax.lax.scan(step, carry, inputs, reverse=reverse)
    return _scan_unrolled(step, carry, inputs, reverse)


def _scan_tensorflow(step: Step, carry: Any, inputs: Any, reverse: bool) -> tuple[Any, Any]:
    import tensorflow as tf

    inputs = tree.map_structure(tf.convert_to_tensor, inputs)
    num_steps = tf.shape(tree.flatten(inputs)[0])[0]

    def read(index: Any) -> Any:
        # A slice of the first axis shares its memory; an array's `unstack` would copy every input.
        begin, end, strides = tf.stack([index]), tf.stack([index + 1]), tf.constant([1])
        return tree.map_structure(
            lambda tensor: tf.strided_slice(tensor, begin, end, strides, shrink_axis_mask=1), inputs
        )

    # The first step runs ahead of the loop: it tells which arrays the outputs need.
    first = num_steps - 1 if reverse else 0
    carry, outputs = step(carry, read(first))
    sinks = [
        tf.TensorArray(tensor.dtype, num_steps, element_shape=tensor.shape).write(first, tensor)
        for tensor in tree.flatten(outputs)
    ]

    def body(index: Any, flat_carry: list, arrays: list) -> tuple:
        here = num_steps - 1 - index if reverse else index
        after, results = step(tree.pack_sequence_as(carry, flat_carry), read(here))
        arrays = [
            array.write(here, tensor) for array, tensor in zip(arrays, tree.flatten(results), strict=True)
        ]
        return index + 1, tree.flatten(after), arrays

    _, last, sinks = tf.while_loop(
        lambda index, *_: index < num_steps,
        body,
        (1, tree.flatten(carry), sinks),
        maximum_iterations=num_steps,
    )
    return tree.pack_sequence_as(carry, last), tree.pack_sequence_as(
        outputs, [array.stack() for array in sinks]
    )


def _scan_unrolled(step: Step, carry: Any, inputs: Any, reverse: bool) -> tuple[Any, Any]:
    num_steps = tree.flatten(inputs)[0].shape[0]
    results = [None] * num_steps
    for index in reversed(range(num_steps)) if reverse else range(num_steps):
        carry, results[index] = step(carry, tree.map_structure(lambda tensor, at=index: tensor[at], inputs))
    return carry, tree.map_structure(lambda *tensors: ops.stack(tensors), *results)


def with_gradient(function: Callable[[Any], tuple[Any, Callable[[Any], Any]]], inputs: Any) -> Any:
    """Calls a function that brings its own gradient.

    Args:
        function: `inputs -> (outputs, pullback)`, where `pullback` maps the gradient with respect to the
            outputs to the gradient with respect to the inputs. It must not close over anything that needs a
            gradient.
        inputs: A structure of floating-point tensors.
    Returns:
        The outputs.
    """
    structure: dict[str, Any] = {}

    @ops.custom_gradient
    def flat_function(*flat_inputs: Any) -> tuple[Any, Callable]:
        outputs, pullback = function(tree.pack_sequence_as(inputs, list(flat_inputs)))
        structure["outputs"] = outputs

        def flat_pullback(*upstream: Any) -> tuple:
            gradients = pullback(tree.pack_sequence_as(outputs, tree.flatten(upstream)))
            tree.assert_same_structure(inputs, gradients)
            return tuple(tree.flatten(gradients))

        return tuple(tree.flatten(outputs)), flat_pullback

    flat_outputs = flat_function(*[as_tensor(tensor) for tensor in tree.flatten(inputs)])
    return tree.pack_sequence_as(structure["outputs"], tree.flatten(flat_outputs))


def gradients(function: Callable[[Any], Any], inputs: Any) -> Any:
    """The gradient of a number for a structure of tensors; zero for what it does not depend on."""
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        flat = [tf.convert_to_tensor(tensor) for tensor in tree.flatten(inputs)]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(flat)
            value = function(tree.pack_sequence_as(inputs, flat))
        found = tape.gradient(value, flat, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tree.pack_sequence_as(inputs, found)
    if backend == "jax":
        import jax

        return jax.grad(function)(inputs)
    raise NotImplementedError(f"Gradients need Keras' TensorFlow or JAX backend. Received: backend={backend}")


def as_tensor(value: Any) -> Any:
    """A variable's value: TensorFlow lets no variable through a gradient written by hand."""
    if keras.backend.backend() != "tensorflow":
        return ops.convert_to_tensor(value)
    import tensorflow as tf

    return tf.convert_to_tensor(value)


def shifted(initial: Any, sequence: Any) -> Any:
    """What each step found before it: `initial`, then all of `sequence` (time, ...) but its last."""
    return tree.map_structure(
        lambda first, rest: ops.concatenate([first[None], rest[:-1]], axis=0), initial, sequence
    )


def split_rows(tensor: Any, num_first: Any) -> tuple[Any, Any]:
    """The first rows and the others; in TensorFlow one operation, whose gradient is one as well."""
    if keras.backend.backend() != "tensorflow":
        return tensor[:num_first], tensor[num_first:]
    import tensorflow as tf

    first, others = tf.split(tensor, [num_first, ops.shape(tensor)[0] - num_first])
    return first, others


def outer_sum(left: Any, right: Any) -> Any:
    """The weight gradient of `left @ W` summed over time and batch, as one matrix product.

    left: (time, batch, inputs), right: (time, batch, outputs) -> (inputs, outputs).
    """
    rows = ops.reshape(left, (-1, left.shape[-1]))
    return ops.matmul(ops.transpose(rows), ops.reshape(right, (-1, right.shape[-1])))


def sum_of_squares(tensor: Any) -> Any:
    """The squared norm, in float32; in TensorFlow in one pass that writes no squares to memory."""
    tensor = ops.cast(tensor, "float32")
    if keras.backend.backend() != "tensorflow":
        return ops.sum(ops.square(tensor))
    import tensorflow as tf

    return 2 * tf.nn.l2_loss(tensor)


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)); of bfloat16 by way of float32, which takes TensorFlow half as long on a CPU."""
    dtype = keras.backend.standardize_dtype(x.dtype)
    return ops.cast(ops.sigmoid(ops.cast(x, "float32")), dtype) if dtype == "bfloat16" else ops.sigmoid(x)


def through_sigmoid(squashed: Any, upstream: Any) -> Any:
    """The gradient of x from that of s = sigmoid(x): upstream * s * (1 - s), in TensorFlow in one pass."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.raw_ops.SigmoidGrad(y=squashed, dy=upstream)
    return upstream * squashed * (1 - squashed)


def through_tanh(squashed: Any, upstream: Any) -> Any:
    """The gradient of x from that of t = tanh(x): upstream * (1 - t^2), in TensorFlow in one pass."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.raw_ops.TanhGrad(y=squashed, dy=upstream)
    return upstream * (1 - squashed * squashed)
