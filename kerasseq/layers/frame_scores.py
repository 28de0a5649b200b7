"""What is said in each frame of a recording, and silence behind its end."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import PAD_ID, PositiveInt, check_arguments

SILENT = -1e9  # the logit of a token behind the end of a recording


@keras.saving.register_keras_serializable("kerasseq")
class FrameScores(keras.layers.Layer):
    """A score for each token and the blank, which is id 0, in each frame.

    Frames behind the end are certain blanks. So they say nothing: a loss or a search over all frames gives
    what it would give for the real ones alone.

    Args:
        vocabulary_size: Ids run from 0 (the blank) to this, exclusive.
    Call arguments:
        inputs: (batch, frames, features).
        mask: True at real frames, (batch, frames).
    Returns:
        Logits, (batch, frames, vocabulary_size), float32.
    Raises:
        ValueError: If `vocabulary_size` is not positive.
    """

    def __init__(self, *, vocabulary_size: PositiveInt, **kwargs: Any):
        check_arguments(FrameScores.__init__, vocabulary_size=vocabulary_size)
        super().__init__(**kwargs)
        self.vocabulary_size = vocabulary_size
        self.dense = keras.layers.Dense(vocabulary_size)

    def build(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> None:
        self.dense.build(inputs_shape)

    def call(self, inputs: Any, mask: Any) -> Any:
        return blank_after(self.dense(inputs), mask)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size}


def blank_after(logits: Any, mask: Any) -> Any:
    """Makes what is behind the end of a recording certain blanks, in float32.

    Args:
        logits: (batch, frames, vocabulary).
        mask: True at real frames, (batch, frames).
    """
    columns = ops.arange(logits.shape[-1], dtype="int32")
    blank = ops.where(ops.equal(columns, PAD_ID), 0.0, SILENT)
    return ops.where(mask[..., None], ops.cast(logits, "float32"), blank)
