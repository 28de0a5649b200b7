"""Fewer frames for what comes above: convolutions with a stride."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.dropout import Dropout
from kerasseq.specs import PositiveInt, Rate, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class Subsampling(keras.layers.Layer):
    """Convolutions over time, each with layer normalization and a ReLU, that go on by several frames a step.

    y_t = relu(norm(sum_k W_k x_{s t + k - c}))        c = (kernel_size - 1) // 2

    What lies behind the end of a recording is 0 to each of them, so that padding changes nothing.

    Args:
        strides: How many frames become one, for each convolution; `[2, 2]` leaves a quarter.
        filters: The width of each convolution.
        kernel_size: The frames that each reads.
        dropout: Rate behind each convolution.
    Call arguments:
        inputs: (batch, frames, features).
        mask: True at real frames, (batch, frames).
    Returns:
        (batch, frames / stride, filters), rounded up, and the mask of it.
    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        *,
        strides: list[PositiveInt] = [2, 2],  # noqa: B006
        filters: PositiveInt = 128,
        kernel_size: PositiveInt = 5,
        dropout: Rate = 0.0,
        **kwargs: Any,
    ):
        check_arguments(Subsampling.__init__, filters=filters, kernel_size=kernel_size, dropout=dropout)
        if not strides or min(strides) < 1:
            raise ValueError(f"`strides` must be positive, one at least. Received: strides={strides}")
        super().__init__(**kwargs)
        self.strides = list(strides)
        self.filters = filters
        self.kernel_size = kernel_size
        self.rate = dropout
        self.convolutions = [
            keras.layers.Conv1D(filters, kernel_size, strides=stride, padding="valid", use_bias=False)
            for stride in self.strides
        ]
        self.norms = [keras.layers.LayerNormalization(epsilon=1e-5) for _ in self.strides]
        self.dropout = Dropout(dropout)

    def build(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> None:
        width = inputs_shape[-1]
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            convolution.build((None, None, width))
            norm.build((None, None, self.filters))
            width = self.filters

    def call(self, inputs: Any, mask: Any, training: bool = False) -> tuple[Any, Any]:
        before = (self.kernel_size - 1) // 2
        padding = ((0, 0), (before, self.kernel_size - 1 - before), (0, 0))
        outputs = inputs
        for convolution, norm, stride in zip(self.convolutions, self.norms, self.strides, strict=True):
            outputs = ops.where(mask[..., None], outputs, ops.zeros_like(outputs))
            outputs = ops.relu(norm(convolution(ops.pad(outputs, padding))))
            outputs = self.dropout(outputs, training=training)
            mask = mask[:, ::stride]
        return outputs, mask

    def compute_output_shape(self, inputs_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        batch_size, num_frames = inputs_shape[:2]
        for stride in self.strides:
            num_frames = None if num_frames is None else -(-num_frames // stride)
        return (batch_size, num_frames, self.filters), (batch_size, num_frames)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "strides": self.strides,
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "dropout": self.rate,
        }
