"""What searches over frames, rather than steps of a decoder, have in common."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.specs import END_ID, PAD_ID, START_ID

BLANK_ID = PAD_ID
NEVER = -1e30  # the logarithm of no chance: finite, so that differences of two are numbers


def frame_log_probabilities(logits: Any) -> Any:
    """(batch, frames, vocabulary) -> the same, float32; what marks a text's ends is never in it."""
    columns = ops.arange(logits.shape[-1], dtype="int32")
    is_marker = ops.logical_or(ops.equal(columns, START_ID), ops.equal(columns, END_ID))
    return ops.where(is_marker, NEVER, ops.log_softmax(ops.cast(logits, "float32"), axis=-1))
