"""A small convolutional network, trained from scratch."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.registry import register
from kerasseq.specs import PositiveInt, Rate, check_arguments

HALF_WHITE = 127.5


@keras.saving.register_keras_serializable("kerasseq")
@register("image_encoder")
class ConvolutionalEncoder(keras.layers.Layer):
    """Blocks of convolution, batch normalization and ReLU, each of which halves the picture.

    Args:
        filters: Of each block; the last ones are the map's width.
        convolutions: In a row in each block.
        kernel_size: Of each convolution, in pixels.
        coordinates: Whether the first block also sees each pixel's place, so that "left" can be told.
        dropout: Rate of whole filters behind each block.
    Call arguments:
        images: Pixels from 0 to 255, (batch, height, width, channels).
    Returns:
        A map, (batch, rows, columns, filters[-1]).
    Raises:
        ValueError: If an option is out of its range, or there is no block.
    Reference:
        Ioffe and Szegedy 2015, https://arxiv.org/abs/1502.03167; coordinates: Liu et al. 2018,
        https://arxiv.org/abs/1807.03247
    """

    def __init__(
        self,
        *,
        filters: list[PositiveInt] = (32, 64, 128),
        convolutions: PositiveInt = 1,
        kernel_size: PositiveInt = 3,
        coordinates: bool = True,
        dropout: Rate = 0.0,
        **kwargs: Any,
    ):
        options = {"convolutions": convolutions, "kernel_size": kernel_size, "dropout": dropout}
        check_arguments(ConvolutionalEncoder.__init__, **options)
        if not filters or min(filters) <= 0:
            raise ValueError(f"`filters` must be positive, one a block. Received: filters={filters!r}")
        super().__init__(**kwargs)
        self.options = {"filters": list(filters), "coordinates": coordinates, **options}
        self.coordinates = coordinates
        self.blocks = [
            [
                *(part for _ in range(convolutions) for part in _convolution(width, kernel_size)),
                keras.layers.MaxPooling2D(padding="same"),
                keras.layers.SpatialDropout2D(dropout),
            ]
            for width in filters
        ]

    def build(self, images_shape: tuple) -> None:
        shape = (*images_shape[:-1], images_shape[-1] + 2 * self.coordinates)
        for part in (part for block in self.blocks for part in block):
            part.build(shape)
            shape = part.compute_output_shape(shape)

    def call(self, images: Any, training: bool = False) -> Any:
        found = ops.cast(images, self.compute_dtype) / HALF_WHITE - 1
        if self.coordinates:
            found = ops.concatenate([found, _places(found)], axis=-1)
        for part in (part for block in self.blocks for part in block):
            found = part(found)  # Keras hands `training` on
        return found

    def compute_output_shape(self, images_shape: tuple) -> tuple:
        halved = [
            None if size is None else -(-size // 2 ** len(self.blocks)) for size in tuple(images_shape)[1:3]
        ]
        return (images_shape[0], *halved, self.options["filters"][-1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}


def _convolution(filters: int, kernel_size: int) -> list[keras.layers.Layer]:
    return [
        keras.layers.Conv2D(filters, kernel_size, padding="same", use_bias=False),
        keras.layers.BatchNormalization(momentum=0.9),  # a small set has few steps to learn statistics in
        keras.layers.ReLU(),
    ]


def _places(images: Any) -> Any:
    """The row and the column of each pixel, from -1 to 1, (batch, height, width, 2)."""
    batch, height, width = ops.shape(images)[:3]
    rows, columns = (ops.linspace(-1.0, 1.0, size, dtype=images.dtype) for size in (height, width))
    rows = ops.broadcast_to(rows[None, :, None, None], (batch, height, width, 1))
    columns = ops.broadcast_to(columns[None, None, :, None], (batch, height, width, 1))
    return ops.concatenate([rows, columns], axis=-1)
