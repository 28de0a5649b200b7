"""What all tokens say on average."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.registry import register


@keras.saving.register_keras_serializable("kerasseq")
@register("pooling")
class MeanPooling(keras.layers.Layer):
    """The mean output of all real tokens.

    Call arguments:
        outputs: Of every step, (batch, time, width).
        states: Not needed.
        mask: True at real tokens, (batch, time).
    Returns:
        (batch, width); 0 where no token is real.
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, outputs: Any, states: Any = None, mask: Any = None) -> Any:
        if mask is None:
            return ops.mean(outputs, axis=1)
        is_real = ops.cast(mask, outputs.dtype)[..., None]  # (batch, time, 1)
        return ops.sum(outputs * is_real, axis=1) / ops.maximum(ops.sum(is_real, axis=1), 1)

    def compute_mask(self, outputs: Any, mask: Any = None) -> None:
        return None
