"""What a recurrent layer remembers in the end."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.registry import register


@keras.saving.register_keras_serializable("kerasseq")
@register("pooling")
class LastPooling(keras.layers.Layer):
    """The last state of the highest layer: of two directions, each at the end of its own way.

    Call arguments:
        outputs: Of every step, (batch, time, width).
        states: For each layer its last states, as an encoder returns them; without them the output at the
            last real token is taken.
        mask: True at real tokens, (batch, time).
    Returns:
        (batch, width).
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, outputs: Any, states: Any = None, mask: Any = None) -> Any:
        if states is not None:
            return states[-1][0]
        if mask is None:
            return outputs[:, -1]
        last = ops.maximum(ops.sum(ops.cast(mask, "int32"), axis=1) - 1, 0)
        return ops.take_along_axis(outputs, last[:, None, None], axis=1)[:, 0]

    def compute_mask(self, outputs: Any, mask: Any = None) -> None:
        return None
