"""Random draws that depend on their keys alone: no row's text changes with the rows beside it."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.decode.candidates import top_k as find_top_k

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
KEY_PARITY = 0x1BD11BDA
ROUNDS_OF_FOUR = 5
WIDE = 2000  # places from which on groups are faster
DRAW_BITS = 23  # in single precision, a draw times a total stays below that total


def threefry(key: tuple[Any, Any], counter: tuple[Any, Any]) -> tuple[Any, Any]:
    """Threefry-2x32 with 20 rounds: counters into random bits.

    Args:
        key: Two uint32 tensors.
        counter: Two uint32 tensors; all four broadcast.
    Returns:
        Two words of random bits, uint32.
    Reference:
        Salmon et al. 2011, section 4.2, https://doi.org/10.1145/2063384.2063405
    """
    parity = ops.convert_to_tensor(KEY_PARITY, dtype="uint32")
    keys = (*key, ops.bitwise_xor(ops.bitwise_xor(key[0], key[1]), parity))
    left, right = counter[0] + keys[0], counter[1] + keys[1]
    for block in range(ROUNDS_OF_FOUR):
        for distance in ROTATIONS[block % 2]:
            left = left + right
            right = ops.bitwise_xor(_rotate(right, distance), left)
        number = ops.convert_to_tensor(block + 1, dtype="uint32")
        left, right = left + keys[(block + 1) % 3], right + keys[(block + 2) % 3] + number
    return left, right


def _rotate(word: Any, distance: int) -> Any:
    return ops.bitwise_or(
        ops.bitwise_left_shift(word, distance), ops.bitwise_right_shift(word, 32 - distance)
    )


def uniform_draws(seed: Any, row_ids: Any, sample_ids: Any, *, first_step: Any, num_steps: Any) -> Any:
    """A number in [0, 1) for each row and step.

    Args:
        seed: Integer tensor without axes.
        row_ids: Numbers of the rows, (rows,), int32.
        sample_ids: Which of its example's samples a row is, (rows,), int32.
        first_step: Integer tensor without axes.
        num_steps: An integer, or an integer tensor without axes.
    Returns:
        (num_steps, rows), float32.
    """
    steps = ops.cast(first_step + ops.arange(num_steps, dtype="int32"), "uint32")[:, None]
    key = (ops.cast(seed, "uint32"), ops.cast(row_ids, "uint32"))
    bits, _ = threefry(key, (steps, ops.cast(sample_ids, "uint32")))
    return ops.cast(ops.bitwise_right_shift(bits, 32 - DRAW_BITS), "float32") * 2.0**-DRAW_BITS


def strike(logits: Any, forbidden_ids: tuple[int, ...], end_id: int, is_early: Any) -> Any:
    """Logits (rows, vocabulary) whose forbidden tokens are -inf, and `</s>` too while it is early.

    `is_early` is a boolean tensor without axes, or None where it never is.
    """
    places = range(logits.shape[-1])
    if set(places).intersection(forbidden_ids):
        is_struck = ops.convert_to_tensor([place in forbidden_ids for place in places])
        logits = ops.where(is_struck, float("-inf"), logits)
    if is_early is None:
        return logits
    is_end = ops.convert_to_tensor([place == end_id for place in places])
    return ops.where(ops.logical_and(is_end, is_early), float("-inf"), logits)


def draw_tokens(logits: Any, uniform: Any, *, top_k: Any, top_p: float | None) -> Any:
    """Tokens drawn from the distribution of some logits.

    Args:
        logits: (rows, vocabulary), the vocabulary known when the graph is built.
        uniform: In [0, 1), (rows,).
        top_k: Draw from as many of the likeliest: an integer or an int tensor without axes; None or 0: all.
        top_p: Draw from the fewest of these that have this probability together; None: all.
    Returns:
        (rows,), int32.
    """
    vocabulary_size = logits.shape[-1]

    def of_all() -> Any:
        if top_p is not None:
            return of_best(vocabulary_size)
        return draw(ops.exp(logits - ops.max(logits, axis=-1, keepdims=True)), uniform)

    def of_best(k: Any) -> Any:
        best, tokens = (find_top_k if isinstance(k, int) else ops.top_k)(logits, k)
        places = draw(ops.exp(best - best[:, :1]), uniform, top_p=top_p)
        return ops.take_along_axis(ops.cast(tokens, "int32"), places[:, None], axis=-1)[:, 0]

    if top_k is None or isinstance(top_k, int):
        return of_best(top_k) if top_k and top_k < vocabulary_size else of_all()
    is_some = ops.logical_and(top_k > 0, top_k < vocabulary_size)
    return ops.cond(is_some, lambda: of_best(top_k), of_all)


def pick(values: Any, places: Any) -> Any:
    """The value of each row at its place: (rows, columns) and (rows,) give (rows,)."""
    columns = values.shape[-1]
    if columns < WIDE:  # fewer operations than a gather, and no slower on so little
        is_place = ops.arange(columns, dtype="int32") == places[:, None]
        return ops.sum(ops.where(is_place, values, 0.0), axis=-1)
    rows = ops.arange(ops.shape(values)[0], dtype="int32") * columns
    return ops.take(ops.reshape(values, (-1,)), rows + places)


def draw(weights: Any, uniform: Any, *, top_p: float | None = None) -> Any:
    """Places drawn in proportion to their weights, by inverting the cumulative sum.

    Args:
        weights: (rows, places), not negative, largest first where there is a `top_p`.
        uniform: In [0, 1), (rows,).
        top_p: Draw from the first places that have this share of the weight together, the nucleus.
    Returns:
        (rows,), int32.
    """
    num_places = weights.shape[-1]
    if top_p is None and num_places is not None and num_places >= WIDE:
        return _draw_from_groups(weights, uniform)
    cumulative = ops.cumsum(weights, axis=-1)
    total = cumulative[:, -1:]
    if top_p is not None:
        is_beyond = cumulative - weights >= top_p * total
        total = ops.max(ops.where(is_beyond, 0.0, cumulative), axis=-1, keepdims=True)
    return _count(cumulative <= uniform[:, None] * total)


def _draw_from_groups(weights: Any, uniform: Any) -> Any:
    """Draws a group of places, then a place in the group: a sum takes a tenth of a cumulative sum's time."""
    num_places = weights.shape[-1]
    root = round(num_places**0.5)
    divisors = [size for size in range(root // 2, 2 * root) if num_places % size == 0]
    size = min(divisors, key=lambda size: abs(size - root), default=root)
    num_groups = -(-num_places // size)
    if num_places % size:
        weights = ops.pad(weights, ((0, 0), (0, num_groups * size - num_places)))
    sums = ops.sum(ops.reshape(weights, (-1, num_groups, size)), axis=-1)  # (rows, groups)
    cumulative = ops.cumsum(sums, axis=-1)
    target = uniform * cumulative[:, -1]
    group = _count(cumulative <= target[:, None])
    rows = ops.arange(ops.shape(sums)[0], dtype="int32") * num_groups + group
    drawn, before = (ops.take(ops.reshape(values, (-1,)), rows) for values in (sums, cumulative - sums))
    rest = ops.clip((target - before) / drawn, 0.0, 1.0 - 2.0**-DRAW_BITS)  # as good as a draw
    return group * size + draw(ops.take(ops.reshape(weights, (-1, size)), rows, axis=0), rest)


def _count(is_passed: Any) -> Any:
    return ops.sum(ops.cast(is_passed, "int32"), axis=-1)
