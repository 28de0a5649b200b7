"""The best next tokens of every row, without a table of log-probabilities over the whole vocabulary.

Only the few best logits of a row become log-probabilities, and a token that may not be produced is struck
from those few: a mask over the vocabulary, a full `log_softmax` and a top-k over beam times vocabulary would
each pass over megabytes at every step.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from keras import ops

from kerasseq.decode.rounding import apply_evenly

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


def log_normalizer(logits: Any, largest: Any) -> Any:
    """log(sum(exp(logits))) of each row, as the largest logit minus its log-probability.

    The largest probability is at least 1 / vocabulary, so that its logarithm is safe; a softmax is one fused
    pass where a log-sum-exp is four.

    Args:
        logits: (rows, vocabulary).
        largest: Each row's largest logit, (rows,).
    Returns:
        (rows,).
    """
    return largest - apply_evenly(ops.log, ops.max(ops.softmax(logits, axis=-1), axis=-1))


def top_candidates(
    logits: Any, *, count: int, forbidden_ids: Sequence[int], end_id: int, end_is_allowed: Any
) -> tuple[Any, Any]:
    """The best next tokens of each row.

    Args:
        logits: (rows, vocabulary).
        count: How many tokens that may be produced are wanted, at least.
        forbidden_ids: Tokens that are never produced. They keep their share of the probability.
        end_id: The token that ends a hypothesis.
        end_is_allowed: A boolean tensor without axes, or None where it always is.
    Returns:
        log-probabilities (rows, candidates), best first but -inf where a token may not be produced, and
        tokens (rows, candidates), int32. There are a few candidates more than `count`.
    """
    logits = ops.cast(logits, "float32")
    num_struck = len(forbidden_ids) + (end_is_allowed is not None)
    values, tokens = top_k(logits, min(count + num_struck, logits.shape[-1]))
    # Rounding must not make a token likelier than certain: the stop bound counts on it.
    log_probabilities = ops.minimum(values - log_normalizer(logits, values[:, 0])[:, None], 0.0)
    for token in forbidden_ids:
        log_probabilities = ops.where(tokens == token, float("-inf"), log_probabilities)
    if end_is_allowed is not None:
        too_early = ops.logical_and(tokens == end_id, ops.logical_not(end_is_allowed))
        log_probabilities = ops.where(too_early, float("-inf"), log_probabilities)
    return log_probabilities, ops.cast(tokens, "int32")
