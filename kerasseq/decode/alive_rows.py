"""Which hypotheses of a beam the model is asked about."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def alive_rows(is_alive: Any) -> dict[str, Any]:
    """Gives a row to each slot that holds a hypothesis, so that a step costs nothing for what has ended.

    A compiled loop of JAX keeps its shapes: there every slot has a row.

    Args:
        is_alive: (batch, beam).
    Returns:
        The `beams` of `kerasseq.decode`, all int32.
    """
    shape = ops.shape(is_alive)
    flat = ops.reshape(is_alive, (-1,))
    if keras.backend.backend() == "jax":
        slots = rows = ops.arange(ops.shape(flat)[0], dtype="int32")
    else:
        slots = ops.cast(ops.nonzero(flat)[0], "int32")
        rows = ops.maximum(ops.cumsum(ops.cast(flat, "int32")) - 1, 0)
    return {"slots": slots, "examples": slots // shape[1], "rows": ops.reshape(rows, shape)}
