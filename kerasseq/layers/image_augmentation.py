"""Pictures that look a little different each time they are trained on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasseq.specs import Probability, Rate, Supplied, check_arguments

WHITE = 255.0
GREY = (0.299, 0.587, 0.114)  # how bright red, green and blue look


@keras.saving.register_keras_serializable("kerasseq")
class ImageAugmentation(keras.layers.Layer):
    """Flips, crops and recolours each picture in training, by draws of its own.

    A picture whose caption says which side something is on is never flipped.

    Args:
        flip: How likely left and right change places.
        crop: The most of each side that is cut off; what is left is brought to the picture's size.
        colour: How far brightness, contrast and saturation may go from 1.
        side_words: The words that keep a picture from being flipped.
        side_ids: The tokens of each of these words.
    Call arguments:
        images: Pixels from 0 to 255, (batch, height, width, channels).
        tokens: Each picture's caption, ids (batch, time).
    Returns:
        Pixels from 0 to 255, floating point, of the same shape.
    Raises:
        ValueError: If an argument is out of its range, or side words have no tokens.
    """

    def __init__(
        self,
        *,
        flip: Probability = 0.5,
        crop: Rate = 0.1,
        colour: Rate = 0.1,
        side_words: list[str] = ("left", "right", "leftmost", "rightmost"),
        side_ids: Supplied[Sequence[Sequence[int]] | None] = None,
        **kwargs: Any,
    ):
        check_arguments(ImageAugmentation.__init__, flip=flip, crop=crop, colour=colour)
        if flip and side_words and side_ids is None:
            raise ValueError("`side_words` need their `side_ids`; or set `side_words` to []. Received: None")
        super().__init__(**kwargs)
        self.flip, self.crop, self.colour = flip, crop, colour
        self.side_words = list(side_words)
        self.side_ids = [list(map(int, ids)) for ids in side_ids or ()]
        self.seed = keras.random.SeedGenerator()

    def call(self, images: Any, tokens: Any = None, training: bool = False) -> Any:
        images = ops.cast(images, self.compute_dtype)
        if not training:
            return images
        return self._recoloured(self._moved(images, tokens))

    def compute_output_spec(self, images: Any, tokens: Any = None, training: bool = False) -> Any:
        return keras.KerasTensor(images.shape, self.compute_dtype)

    def _moved(self, images: Any, tokens: Any) -> Any:
        """Each picture's window, turned around where it is flipped: one resampling for both."""
        batch, height, width = ops.shape(images)[:3]
        scale = 1 - self.crop * self._drawn(batch)
        is_flipped = ops.logical_and(self._drawn(batch) < self.flip, self._may_flip(tokens, batch))
        spare_columns, spare_rows = (1 - scale) * (width - 1), (1 - scale) * (height - 1)
        left, top = spare_columns * self._drawn(batch), spare_rows * self._drawn(batch)
        step = ops.where(is_flipped, -scale, scale)
        first = ops.where(is_flipped, left + scale * (width - 1), left)
        none = ops.zeros_like(scale)
        # Output (x, y) shows the input at (step x + first, scale y + top).
        transform = ops.stack([step, none, first, none, scale, top, none, none], axis=1)
        moved = ops.image.affine_transform(
            ops.cast(images, "float32"), transform, interpolation="bilinear", fill_mode="nearest",
            data_format="channels_last",
        )  # fmt: skip
        return ops.cast(moved, self.compute_dtype)

    def _may_flip(self, tokens: Any, batch: Any) -> Any:
        """True where a caption has none of the side words, (batch,)."""
        has_one = ops.zeros((batch,), "bool")
        for ids in self.side_ids if tokens is not None else ():
            padded = ops.pad(tokens, [[0, 0], [0, len(ids) - 1]])
            length = ops.shape(tokens)[1]
            here = [ops.equal(padded[:, place : place + length], one) for place, one in enumerate(ids)]
            has_one = ops.logical_or(has_one, ops.any(ops.all(ops.stack(here), axis=0), axis=1))
        return ops.logical_not(has_one)

    def _recoloured(self, images: Any) -> Any:
        batch, channels = ops.shape(images)[0], images.shape[-1]

        def factor() -> Any:
            drawn = 1 + self.colour * (2 * self._drawn(batch) - 1)
            return ops.cast(drawn, images.dtype)[:, None, None, None]

        mean = ops.mean(images, axis=(1, 2, 3), keepdims=True)
        images = (images - mean) * factor() + mean * factor()
        if channels == len(GREY):
            grey = ops.sum(
                images * ops.cast(ops.convert_to_tensor(GREY), images.dtype), axis=-1, keepdims=True
            )
            images = grey + (images - grey) * factor()
        return ops.clip(images, 0.0, WHITE)

    def _drawn(self, batch: Any) -> Any:
        return keras.random.uniform((batch,), seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        options = {"flip": self.flip, "crop": self.crop, "colour": self.colour}
        return {**super().get_config(), **options, "side_words": self.side_words, "side_ids": self.side_ids}
