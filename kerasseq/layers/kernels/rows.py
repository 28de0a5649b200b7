"""The inputs' product where the inputs are rows of a table."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.layers.scan import with_gradient


def rows_of(table: Any, ids: Any) -> Any:
    """The rows of a small table, with a gradient that is one matrix product.

    Args:
        table: (rows, width), floating point.
        ids: Which rows, of any shape, int.
    Returns:
        The shape of `ids` and (width,) behind it.
    """
    flat_ids = ops.reshape(ids, (-1,))

    def forward(table: Any) -> tuple[Any, Any]:
        def pullback(upstream: Any) -> Any:
            is_row = ops.one_hot(flat_ids, table.shape[0], axis=0, dtype=table.dtype)  # (rows, number of ids)
            return ops.matmul(is_row, ops.reshape(upstream, (-1, table.shape[1])))

        return ops.take(table, ids, axis=0), pullback

    return with_gradient(forward, table)
