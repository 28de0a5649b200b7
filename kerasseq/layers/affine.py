"""Products with a weight over all rows at once."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.scan import with_gradient

# Measured with 700 to 900 rows: 10,000 x 650 is a quarter slower turned, 8,000 x 512 no different.
MOST_TURNED = 2**22


def linear(inputs: Any, kernel: Any, bias: Any = None) -> Any:
    """x W + b, over the last axis.

    `ops.matmul` of more than two axes surrounds the same product with three times the operations.

    Args:
        inputs: x, (..., inputs).
        kernel: W, (inputs, outputs).
        bias: b, (outputs,), or None.
    Returns:
        (..., outputs).
    """
    width, units = kernel.shape
    is_matrix = len(inputs.shape) == 2
    products = ops.matmul(inputs if is_matrix else ops.reshape(inputs, (-1, width)), kernel)
    if bias is not None:
        products = ops.add(products, bias)
    return products if is_matrix else ops.reshape(products, (*ops.shape(inputs)[:-1], units))


def affine(inputs: Any, kernel: Any, bias: Any = None, *, tied: bool = False) -> Any:
    """As `linear`, with the gradient that is fastest on a CPU.

    Automatic differentiation multiplies by a transposed view of W, which TensorFlow does a quarter slower on
    a CPU than turning W around first. Rows in one matrix let it add b while it multiplies. An embedding's
    table never has to be turned, nor has its gradient.

    Args:
        inputs: x, (..., inputs).
        kernel: W, (inputs, outputs); where `tied`, an embedding's table, (outputs, inputs), which is W^T.
        bias: b, (outputs,), or None. Where W is in half precision and b is not, x W + b is in half.
        tied: Whether W^T is given.
    Returns:
        (..., outputs), in the precision of b.
    """
    width, units = reversed(kernel.shape) if tied else kernel.shape
    rows = ops.reshape(inputs, (-1, width))

    def forward(parts: dict) -> tuple[Any, Any]:
        kernel = ops.transpose(parts["kernel"]) if tied else parts["kernel"]
        if "bias" in parts:
            products = linear(parts["rows"], kernel, ops.cast(parts["bias"], kernel.dtype))
            products = ops.cast(products, parts["bias"].dtype)
        else:
            products = linear(parts["rows"], kernel)
        return products, lambda upstream: _gradients(parts, upstream, tied)

    parts = {"rows": rows, "kernel": kernel}
    if bias is not None:
        parts["bias"] = bias
    return ops.reshape(with_gradient(forward, parts), (*ops.shape(inputs)[:-1], units))


def _gradients(parts: dict, upstream: Any, tied: bool) -> dict:
    rows, kernel = parts["rows"], parts["kernel"]
    of_products = ops.cast(upstream, kernel.dtype)
    if tied:
        left, right, back = of_products, rows, kernel
    else:
        left, right, back = rows, of_products, turned(kernel)
    gradients = {"rows": ops.matmul(of_products, back), "kernel": ops.matmul(ops.transpose(left), right)}
    if "bias" in parts:
        gradients["bias"] = ops.sum(upstream, axis=0)
    return gradients


def turned(matrix: Any) -> Any:
    """The transpose, as a matrix of its own: TensorFlow would fold a plain one into the product after it.

    To turn a large matrix takes longer than the product gains by it; one of bfloat16 gains nothing, since
    what multiplies it puts it into an order of its own first.
    """
    rows, columns = matrix.shape
    if rows * columns > MOST_TURNED or keras.backend.standardize_dtype(matrix.dtype) == "bfloat16":
        return ops.transpose(matrix)
    return ops.reshape(ops.transpose(matrix[None], (0, 2, 1)), (columns, rows))
