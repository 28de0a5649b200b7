"""How long an output may become, from the length of its input."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

SHORT_INPUT_ALLOWANCE = 20
OPEN_ENDED_LENGTH = 200


def length_limit(source_length: Any, *, max_length: int | None, max_length_ratio: float) -> Any:
    """The most tokens that an output may have, `</s>` included.

    `max_length_ratio` times the input's length and `SHORT_INPUT_ALLOWANCE` more, so that "7" may become a
    line of words; `max_length` where that is smaller. What goes on from a text, rather than follows from an
    input, has `max_length` alone.

    Args:
        source_length: Tokens of the input: an integer, or a tensor (batch,); None where there is no input.
        max_length: An upper limit for every input, or None, which is `OPEN_ENDED_LENGTH` without an input.
        max_length_ratio: Output tokens for each input token.
    Returns:
        An integer for an integer or None, an int32 tensor (batch,) for a tensor.
    """
    if source_length is None:
        return OPEN_ENDED_LENGTH if max_length is None else max_length
    if isinstance(source_length, int):
        limit = math.ceil(max_length_ratio * source_length) + SHORT_INPUT_ALLOWANCE
        return limit if max_length is None else min(limit, max_length)
    limit = (
        ops.cast(ops.ceil(max_length_ratio * ops.cast(source_length, "float32")), "int32")
        + SHORT_INPUT_ALLOWANCE
    )
    return limit if max_length is None else ops.minimum(limit, max_length)


def row_limits(max_length: Any, *, batch_size: Any) -> tuple[Any, Any]:
    """Spreads a decoder's `max_length` over the rows.

    Args:
        max_length: An integer, or an integer tensor without axes, or (batch,), which gives every row its own.
        batch_size: An integer or a tensor without axes.
    Returns:
        The limits (batch,), int32, and the most steps that the search may make.
    """
    limits = ops.broadcast_to(ops.cast(max_length, "int32"), (batch_size,))
    return limits, max_length if isinstance(max_length, int) else ops.maximum(ops.max(limits), 1)
