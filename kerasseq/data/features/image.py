"""A field that holds a picture."""

from __future__ import annotations

from typing import Literal

import numpy as np
import tensorflow as tf

from kerasseq.data.media import MediaFeature
from kerasseq.data.pictures import Fit, PictureSize, read_picture
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, Raw, check_arguments


class Pictures:
    """Pixels of pictures of one size, (batch, height, width, channels) uint8.

    Args:
        shape: Of a picture.
    """

    unknown_id = None

    def __init__(self, shape: tuple[int, int, int]):
        self._shape = shape
        self.spec = Raw("uint8", (None, *shape))

    def widths(self, lengths: np.ndarray, step: int) -> np.ndarray:
        return lengths.astype(np.int64)

    def assemble(self, values: np.ndarray, lengths: np.ndarray, step: int) -> np.ndarray:
        return values.reshape(len(lengths), *self._shape)


@register("feature")
class ImageFeature(MediaFeature):
    """A picture in a PNG, JPEG, BMP or GIF file, by its path, as pixels of one size.

    What is transparent is shown on white; the turn that a camera noted in a JPEG is not made.

    Args:
        height: Of the pixels.
        width: Of the pixels; null is as many as the height.
        channels: 1 is grey, 3 is red, green and blue.
        fit: Where a picture has another shape, take the largest part from its middle (`crop`), put black
            beside the whole of it (`pad`), or stretch it.
    Attributes:
        layout: How its pixels stand in a batch.
    """

    medium = "image"
    dtype = "uint8"

    def __init__(
        self,
        *,
        height: PositiveInt = 224,
        width: PositiveInt | None = None,
        channels: Literal[1, 3] = 3,
        fit: Fit = "crop",
    ):
        given = {"height": height, "width": width, "channels": channels, "fit": fit}
        check_arguments(ImageFeature.__init__, **given)
        super().__init__(type="image", **{**given, "width": width or height})
        self._size = PictureSize(height=height, width=width or height, channels=channels, fit=fit)
        self.layout = Pictures(self._size.shape)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels."""
        return self._size.shape

    def shown_length(self, length: int) -> str:
        return "x".join(map(str, self.shape))

    def of_file(self, path: str) -> np.ndarray:
        return self._size.fitted(read_picture(path)).numpy().ravel()

    def of_bytes(self, contents: tf.Tensor) -> tf.Tensor:
        """In a graph: the bytes of picture files, (batch,) strings, as (batch, *shape) uint8."""
        return self._size.of_bytes(contents)
