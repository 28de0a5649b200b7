"""Pictures from the bytes of their files to pixels of one size, eagerly or in a graph."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Literal

import numpy as np
import tensorflow as tf

from kerasseq.data.faults import UnusableValue

KINDS = "PNG, JPEG, GIF or BMP"
WHITE = 255.0
NOT_READ = {b"WEBP": "WebP", b"ftyp": "HEIC or AVIF"}  # by the bytes at 8, and at 4

Fit = Literal["crop", "pad", "stretch"]


class PictureSize:
    """The size that pictures are brought to.

    Args:
        height: In pixels.
        width: In pixels.
        channels: 1 is grey, 3 is red, green and blue.
        fit: What to do where the shape is another: `crop` takes the largest part from the middle that has the
            shape, `pad` puts black beside the whole picture, `stretch` changes its shape.
    """

    def __init__(self, *, height: int, width: int, channels: int, fit: str):
        self.shape = (height, width, channels)
        self._fit = fit

    def fitted(self, pictures: tf.Tensor) -> tf.Tensor:
        """Pictures of one size, (..., any, any, 3) uint8, as (..., height, width, channels) uint8."""
        height, width, channels = self.shape
        pixels = tf.cast(pictures, tf.float32)
        if self._fit == "pad":
            pixels = tf.image.resize_with_pad(pixels, height, width, antialias=True)
        else:
            cut = _middle(pixels, height, width) if self._fit == "crop" else pixels
            pixels = tf.image.resize(cut, (height, width), antialias=True)
        if channels == 1:
            pixels = tf.image.rgb_to_grayscale(pixels)
        return tf.cast(tf.round(tf.clip_by_value(pixels, 0.0, WHITE)), tf.uint8)

    def of_bytes(self, contents: tf.Tensor) -> tf.Tensor:
        """The bytes of picture files, (batch,) strings, as (batch, height, width, channels) uint8."""
        as_pixels = tf.TensorSpec(self.shape, tf.uint8)
        return tf.map_fn(
            lambda content: self.fitted(decoded(content)),
            tf.convert_to_tensor(contents),
            fn_output_signature=as_pixels,
        )


def decoded(content: tf.Tensor) -> tf.Tensor:
    """The bytes of a PNG, JPEG, BMP or GIF, of which the first frame counts, as (height, width, 3) uint8.

    What is transparent is shown on white.
    """
    pixels = tf.cast(tf.io.decode_image(content, expand_animations=False), tf.float32)
    pixels.set_shape((None, None, None))
    height, width, channels = tf.unstack(tf.shape(pixels))
    num_colours = channels - tf.cast(
        channels % 2 == 0, tf.int32
    )  # the second or fourth says how opaque it is
    opaque = tf.concat([pixels, tf.fill((height, width, 1), WHITE)], axis=-1)[..., num_colours, None] / WHITE
    shown = pixels[..., :num_colours] * opaque + WHITE * (1 - opaque)
    return tf.cast(tf.round(tf.broadcast_to(shown, (height, width, 3))), tf.uint8)


@functools.cache
def _decoder(of_clip: bool) -> tf.types.experimental.PolymorphicFunction:
    signature = [tf.TensorSpec((), tf.string)]
    return tf.function(tf.io.decode_gif if of_clip else decoded, input_signature=signature, autograph=False)


def read_picture(path: str | Path) -> tf.Tensor:
    """A picture file, (height, width, 3) uint8.

    Raises:
        UnusableValue: If there is no such file, or it is no picture.
    """
    return _read(path, of_clip=False)


def read_gif(path: str | Path) -> tf.Tensor:
    """The frames of an animated GIF, or the one of a still picture, (frames, height, width, 3) uint8.

    Raises:
        UnusableValue: If there is no such file, or it is no picture.
    """
    return _read(path, of_clip=True)


def _read(path: str | Path, *, of_clip: bool) -> tf.Tensor:
    fix = f"write it as {KINDS}, or leave it out"
    try:
        content = Path(path).read_bytes()
        pixels = _decoder(of_clip)(content)
    except OSError as error:
        message = f"the picture {path} cannot be read: {error.strerror}"
        raise UnusableValue(str(path), message, fix="correct the path, or its rights") from error
    except tf.errors.InvalidArgumentError as error:
        known = NOT_READ.get(content[8:12]) or NOT_READ.get(content[4:8])
        what = f"a {known} file, which is not read" if known else f"no whole {KINDS} file"
        what = what if content else "empty"
        raise UnusableValue(str(path), f"the picture {path} is {what}", fix=fix) from error
    if not np.all(pixels.shape):
        raise UnusableValue(str(path), f"the picture {path} has no pixels", fix=fix)
    return pixels


def _middle(pixels: tf.Tensor, height: int, width: int) -> tf.Tensor:
    """The largest part of the shape that is wanted, from the middle."""
    rows, columns = tf.shape(pixels)[-3], tf.shape(pixels)[-2]
    kept_rows = tf.clip_by_value(_rounded(columns * height, width), 1, rows)
    kept_columns = tf.clip_by_value(_rounded(rows * width, height), 1, columns)
    top, left = (rows - kept_rows) // 2, (columns - kept_columns) // 2
    return pixels[..., top : top + kept_rows, left : left + kept_columns, :]


def _rounded(number: tf.Tensor, divisor: int) -> tf.Tensor:
    return (2 * number + divisor) // (2 * divisor)
