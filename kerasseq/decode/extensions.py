"""The best ways to go on from an example's hypotheses, without a table of log-probabilities.

A table of rows and vocabulary is megabytes, and each pass over it at every step is felt. The logits are read
three times, to be normalized and for the maxima of groups of columns. The best extensions of an example stand
in as many of its groups as there are extensions wanted, so that only these few groups are looked into.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from keras import ops

from kerasseq.decode.pick_slots import pick_slots
from kerasseq.decode.rounding import apply_evenly

GROUP_SIZE = 80
SMALLEST_GROUP, LARGEST_GROUP = 24, 256


def best_extensions(
    logits: Any, log_probabilities: Any, rows: Any, *, count: int, struck: Mapping[int, Any]
) -> tuple[Any, Any, Any]:
    """The best extensions of each example's hypotheses, best first.

    Args:
        logits: (rows, vocabulary), the vocabulary known when the graph is built.
        log_probabilities: Of the hypotheses, -inf where a slot holds none, (batch, beam).
        rows: The row of each slot, (batch, beam), int32; some row where a slot holds no hypothesis.
        count: Extensions wanted, at most beam.
        struck: The tokens that are not produced, each with a boolean tensor without axes that says whether it
            is struck, or True. They keep their share of the probability.
    Returns:
        Slots extended, tokens and log-probabilities, (batch, count) each; -inf where there are no more.
    """
    vocabulary_size = logits.shape[-1]
    size = group_size(vocabulary_size)
    groups = in_groups(ops.cast(logits, "float32"), size)  # (rows, groups, size)
    num_groups = groups.shape[1]
    maxima = ops.max(groups, axis=-1)
    normalizer = log_normalizer(groups, maxima)
    penalties = struck_penalties(num_groups, size, struck)
    for group in sorted({token // size for token in struck if token < vocabulary_size}):
        left = ops.max(pick_group(groups, group) + penalties[group], axis=-1, keepdims=True)
        maxima = ops.where(ops.arange(num_groups, dtype="int32") == group, left, maxima)

    batch_size, beam_width = ops.shape(log_probabilities)
    bounds = ops.take(_gain(maxima, normalizer[:, None]), rows, axis=0)  # (batch, beam, groups)
    totals = _add(log_probabilities[:, :, None], bounds)
    _, places = ops.top_k(ops.reshape(totals, (batch_size, beam_width * num_groups)), count)
    places = ops.sort(places, axis=-1)  # so that equal extensions stay in the order of their columns
    slots, of_vocabulary = places // num_groups, places % num_groups  # (batch, count)
    of_rows = pick_slots(rows, slots)
    contenders = ops.take(ops.reshape(groups, (-1, size)), of_rows * num_groups + of_vocabulary, axis=0)
    gains = _gain(contenders, ops.take(normalizer, of_rows, axis=0)[..., None])  # (batch, count, size)
    gains = gains + ops.take(penalties, of_vocabulary, axis=0)
    totals = _add(pick_slots(log_probabilities, slots)[..., None], gains)
    best, places = ops.top_k(ops.reshape(totals, (batch_size, count * size)), count)
    return (
        pick_slots(slots, places // size),
        pick_slots(of_vocabulary, places // size) * size + places % size,
        best,
    )


def struck_tokens(forbidden_ids: Sequence[int], end_id: int, step: Any, *, min_length: int) -> dict[int, Any]:
    """What is not produced at a step: some tokens never, and the one that ends a hypothesis not too early."""
    struck: dict[int, Any] = dict.fromkeys(forbidden_ids, True)
    if min_length and end_id not in struck:
        struck[end_id] = step < min_length
    return struck


def group_size(columns: int) -> int:
    """A divisor of `columns` near `GROUP_SIZE`, which saves the padding, or `GROUP_SIZE`."""
    if columns <= LARGEST_GROUP:
        return columns
    divisors = [size for size in range(SMALLEST_GROUP, LARGEST_GROUP + 1) if columns % size == 0]
    return min(divisors, key=lambda size: max(size / GROUP_SIZE, GROUP_SIZE / size), default=GROUP_SIZE)


def in_groups(logits: Any, size: int) -> Any:
    """(rows, columns) -> (rows, groups, size), the last group filled up with -inf."""
    columns = logits.shape[-1]
    num_groups = -(-columns // size)
    if columns % size:
        logits = ops.pad(logits, ((0, 0), (0, num_groups * size - columns)), constant_values=float("-inf"))
    return ops.reshape(logits, (-1, num_groups, size))


def pick_group(groups: Any, place: Any) -> Any:
    """A group of each row, (rows, groups, size) -> (rows, size); `place` is for all of them or (rows,)."""
    num_groups, size = groups.shape[1:]
    first = ops.arange(ops.shape(groups)[0], dtype="int32") * num_groups
    return ops.take(ops.reshape(groups, (-1, size)), first + place, axis=0)


def log_normalizer(groups: Any, maxima: Any) -> Any:
    """log(sum(exp(logits))) of each row, as the largest logit minus its log-probability.

    The largest probability is at least 1 / vocabulary, so that its logarithm is safe; a softmax is one fused
    pass where a log-sum-exp is four.

    Args:
        groups: Logits, (rows, groups, size).
        maxima: The largest of each group, (rows, groups).
    Returns:
        (rows,).
    """
    num_groups, size = groups.shape[1:]
    largest = ops.cast(ops.argmax(maxima, axis=-1), "int32")
    probabilities = ops.softmax(ops.reshape(groups, (-1, num_groups * size)), axis=-1)
    nearby = pick_group(ops.reshape(probabilities, (-1, num_groups, size)), largest)
    return ops.max(maxima, axis=-1) - apply_evenly(ops.log, ops.max(nearby, axis=-1))


def struck_penalties(num_groups: int, size: int, struck: Mapping[int, Any]) -> Any:
    """What a token's logit is lowered by, (groups, size): -inf where it is struck, and 0."""
    tokens = ops.reshape(ops.arange(num_groups * size, dtype="int32"), (num_groups, size))
    penalties = ops.zeros((num_groups, size), "float32")
    for token, is_struck in struck.items():
        is_it = ops.logical_and(tokens == token, is_struck)
        penalties = ops.where(is_it, float("-inf"), penalties)
    return penalties


def _gain(logits: Any, normalizer: Any) -> Any:
    # Rounding must not make a token likelier than certain: the stop bound counts on it.
    return ops.minimum(logits - normalizer, 0.0)


def _add(so_far: Any, gains: Any) -> Any:
    """-inf where a slot is empty, whatever the model says of it."""
    return ops.where(so_far > float("-inf"), so_far + gains, float("-inf"))
