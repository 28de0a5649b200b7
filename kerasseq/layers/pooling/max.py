"""The strongest sign of each kind, wherever it stands."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kerasseq.registry import register


@keras.saving.register_keras_serializable("kerasseq")
@register("pooling")
class MaxPooling(keras.layers.Layer):
    """The largest output of all real tokens, for each of the width.

    Call arguments:
        outputs: Of every step, (batch, time, width).
        states: Not needed.
        mask: True at real tokens, (batch, time).
    Returns:
        (batch, width); 0 where no token is real.
    Reference:
        Collobert et al. 2011, section 3.3.2, https://arxiv.org/abs/1103.0398
    """

    def __init__(self, **kwargs: Any):
        super().__init__(**kwargs)
        self.supports_masking = True

    def call(self, outputs: Any, states: Any = None, mask: Any = None) -> Any:
        if mask is None:
            return ops.max(outputs, axis=1)
        is_real = ops.cast(mask, "bool")[..., None]  # (batch, time, 1)
        largest = ops.max(ops.where(is_real, outputs, -math.inf), axis=1)
        return ops.where(ops.any(is_real, axis=1), largest, 0.0)

    def compute_mask(self, outputs: Any, mask: Any = None) -> None:
        return None
