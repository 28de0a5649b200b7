"""Element-wise functions that round a number the same way wherever it stands.

Vector instructions round logarithms and powers otherwise than the scalar code that takes what is left over
of a tensor, so that a row's score would change in its last bit with the number of rows beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

WIDEST_REGISTER = 16


def apply_evenly(function: Callable[[Any], Any], values: Any) -> Any:
    """An element-wise function of a small tensor, every element computed in a whole register of its own.

    Args:
        function: Keeps the shape.
        values: Any shape.
    Returns:
        The shape of `values`.
    """
    registers = ops.broadcast_to(values[..., None], (*ops.shape(values), WIDEST_REGISTER))
    return function(registers)[..., 0]
