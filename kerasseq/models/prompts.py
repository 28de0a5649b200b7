"""Texts that a model goes on from, and what it wrote behind them."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.specs import END_ID, PAD_ID


def prompts_of(encoded: Any) -> Any:
    """`<s> ids </s>` without the end: (batch, time), padded on the right."""
    return ops.where(ops.equal(encoded, END_ID), PAD_ID, encoded)


def lengths_of(prompts: Any) -> Any:
    """Tokens of each prompt, `<s>` included, (batch,)."""
    return ops.sum(ops.cast(ops.not_equal(prompts, PAD_ID), "int32"), axis=1)


def joined(prompts: Any, written: Any) -> Any:
    """Each prompt's tokens and right behind them what was written.

    Args:
        prompts: (batch, time), padded on the right.
        written: (batch, n_best, written_time), alike.
    Returns:
        (batch, n_best, time + written_time).
    """
    n_best, width = ops.shape(written)[1], ops.shape(prompts)[1]
    padded = ops.pad(written, ((0, 0), (0, 0), (0, width)))
    both = ops.concatenate([ops.tile(prompts[:, None], (1, n_best, 1)), padded], axis=-1)
    place = ops.arange(ops.shape(both)[-1] - width, dtype="int32")
    length = lengths_of(prompts)[:, None]
    source = ops.where(place < length, place, place + width - length)  # (batch, time + written_time)
    source = ops.broadcast_to(source[:, None], (*ops.shape(both)[:2], ops.shape(source)[1]))
    return ops.take_along_axis(both, source, axis=-1)
