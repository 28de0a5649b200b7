"""A mean that learns where to look."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.affine import linear
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
@register("pooling")
class AttentionPooling(keras.layers.Layer):
    """The mean of the outputs of all real tokens, each weighed by what it is about.

    a_t = softmax_t(v^T tanh(W h_t + b))        s = sum_t a_t h_t

    Args:
        units: Width of W; null is that of the outputs.
    Call arguments:
        outputs: h, (batch, time, width).
        states: Not needed.
        mask: True at real tokens, (batch, time).
    Returns:
        s, (batch, width).
    Raises:
        ValueError: If `units` is not positive.
    Reference:
        Yang et al. 2016, equations 5 to 7, https://aclanthology.org/N16-1174
    """

    def __init__(self, *, units: PositiveInt | None = None, **kwargs: Any):
        check_arguments(AttentionPooling.__init__, units=units)
        super().__init__(**kwargs)
        self.units = units
        self.supports_masking = True

    def build(self, outputs_shape: tuple, *others: Any) -> None:
        width = outputs_shape[-1]
        units = self.units or width
        self.kernel = self.add_weight(name="kernel", shape=(width, units), initializer="glorot_uniform")
        self.bias = self.add_weight(name="bias", shape=(units,), initializer="zeros")
        self.query = self.add_weight(name="query", shape=(units, 1), initializer="glorot_uniform")

    def call(self, outputs: Any, states: Any = None, mask: Any = None) -> Any:
        weights = ops.cast(self.attention_weights(outputs, mask), outputs.dtype)
        return ops.sum(outputs * weights[..., None], axis=1)

    def attention_weights(self, outputs: Any, mask: Any = None) -> Any:
        """a, (batch, time), float32: they add up to 1, and are 0 at padding."""
        kernel, bias, query = (
            ops.cast(weight, outputs.dtype) for weight in (self.kernel, self.bias, self.query)
        )
        hidden = ops.tanh(linear(outputs, kernel, bias))  # (batch, time, units)
        energies = ops.cast(ops.squeeze(linear(hidden, query), axis=-1), "float32")
        # Not `ops.softmax`, which takes a text of one token for a mistake.
        largest = ops.max(energies, axis=-1, keepdims=True)
        shares = ops.exp(energies - ops.stop_gradient(largest))
        shares = shares if mask is None else shares * ops.cast(mask, "float32")
        return ops.divide_no_nan(shares, ops.sum(shares, axis=-1, keepdims=True))

    def compute_mask(self, outputs: Any, mask: Any = None) -> None:
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "units": self.units}
