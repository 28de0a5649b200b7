"""The best next tokens of every row."""

from __future__ import annotations

from typing import Any

from keras import ops

GROUP_SIZE = 80
FEWEST_GROUPS = 32


def top_k(values: Any, k: int) -> tuple[Any, Any]:
    """The `k` largest values of each row and where they stand, the same as `ops.top_k` and faster on wide
    rows.

    The `k` largest values stand in the `k` groups of columns whose maxima are largest; a maximum is cheap to
    find, so that the slow selection sees k groups in place of the row. Among equal values the first comes
    first.

    Args:
        values: (rows, columns), the columns known when the graph is built.
        k: At most the number of columns.
    Returns:
        values (rows, k), largest first, and their columns (rows, k), int32.
    """
    columns = values.shape[-1]
    size = _group_size(columns)
    num_groups = -(-columns // size)
    if num_groups < max(FEWEST_GROUPS, 2 * k):
        return ops.top_k(values, k)
    if columns % size:
        values = ops.pad(values, ((0, 0), (0, num_groups * size - columns)), constant_values=float("-inf"))
    groups = ops.reshape(values, (-1, size))  # (rows * num_groups, size)
    _, best_groups = ops.top_k(ops.reshape(ops.max(groups, axis=-1), (-1, num_groups)), k)
    best_groups = ops.sort(
        best_groups, axis=-1
    )  # (rows, k), so that equal values stay in the order of their columns
    first_groups = ops.arange(ops.shape(best_groups)[0], dtype="int32")[:, None] * num_groups
    contenders = ops.reshape(ops.take(groups, first_groups + best_groups, axis=0), (-1, k * size))
    best, places = ops.top_k(contenders, k)
    return best, ops.take_along_axis(best_groups, places // size, axis=-1) * size + places % size


def _group_size(columns: int) -> int:
    """A divisor of `columns` near `GROUP_SIZE`, which saves the padding, or `GROUP_SIZE`."""
    nearby = range(GROUP_SIZE // 2, 2 * GROUP_SIZE)
    divisors = [size for size in nearby if columns % size == 0]
    return min(divisors, key=lambda size: abs(size - GROUP_SIZE), default=GROUP_SIZE)
