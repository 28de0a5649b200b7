"""A field that holds a short video."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

import numpy as np
import tensorflow as tf

from kerasseq.data.faults import UnusableValue
from kerasseq.data.media import MediaFeature
from kerasseq.data.pictures import Fit, PictureSize, read_gif, read_picture
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, Raw, check_arguments


class Clips:
    """`frames`, black after the last, (batch, time, height, width, channels) uint8, and `lengths`, (batch,).

    Args:
        shape: Of a frame.
    """

    unknown_id = None

    def __init__(self, shape: tuple[int, int, int]):
        self._shape = shape
        self._size = int(np.prod(shape))
        self.spec = {"frames": Raw("uint8", (None, None, *shape)), "lengths": Raw("int32", (None,))}

    def widths(self, lengths: np.ndarray, step: int) -> np.ndarray:
        """In pixels, as the lengths are."""
        step = step * self._size
        return -(-lengths.astype(np.int64) // step) * step

    def assemble(self, values: np.ndarray, lengths: np.ndarray, step: int) -> dict[str, np.ndarray]:
        lengths = lengths // self._size
        time = self.widths(lengths.max() * self._size, step) // self._size
        frames = np.zeros((len(lengths), time, *self._shape), np.uint8)
        frames[np.arange(time) < lengths[:, None]] = values.reshape(-1, *self._shape)
        return {"frames": frames, "lengths": lengths.astype(np.int32)}


@register("feature")
class VideoFeature(MediaFeature):
    """A short video: a folder of pictures, a frame each by their names' order, or an animated GIF.

    Args:
        num_frames: Of a longer video this many are kept, at even distances; null keeps all.
        height: Of the pixels.
        width: Of the pixels; null is as many as the height.
        channels: 1 is grey, 3 is red, green and blue.
        fit: Where a picture has another shape, take the largest part from its middle (`crop`), put black
            beside the whole of it (`pad`), or stretch it.
    Attributes:
        layout: How its frames stand in a batch.
    """

    medium = "video"
    dtype = "uint8"

    def __init__(
        self,
        *,
        num_frames: PositiveInt | None = 16,
        height: PositiveInt = 64,
        width: PositiveInt | None = None,
        channels: Literal[1, 3] = 3,
        fit: Fit = "crop",
    ):
        given = {"num_frames": num_frames, "height": height, "width": width, "channels": channels, "fit": fit}
        check_arguments(VideoFeature.__init__, **given)
        super().__init__(type="video", **{**given, "width": width or height})
        self.num_frames = num_frames
        self._size = PictureSize(height=height, width=width or height, channels=channels, fit=fit)
        self.layout = Clips(self._size.shape)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Height, width and channels of a frame."""
        return self._size.shape

    def shown_length(self, length: int) -> str:
        number = length // int(np.prod(self.shape))
        return f"{number} frame{'' if number == 1 else 's'}"

    def of_file(self, path: str) -> np.ndarray:
        if not Path(path).is_dir():
            frames = read_gif(path)
            return self._size.fitted(tf.gather(frames, self._kept(len(frames)))).numpy().ravel()
        files = frame_files(Path(path))
        kept = (files[place] for place in self._kept(len(files)))
        return np.concatenate([self._size.fitted(read_picture(file)).numpy().ravel() for file in kept])

    def of_frames(self, frames: tf.Tensor) -> tf.Tensor:
        """In a graph: frames of any size, (batch, time, any, any, 3) uint8, as (batch, time, *shape)."""
        shape = tf.shape(frames)
        fitted = self._size.fitted(tf.reshape(frames, tf.concat([[-1], shape[2:]], axis=0)))
        return tf.reshape(fitted, (shape[0], shape[1], *self.shape))

    def _kept(self, number: int) -> np.ndarray:
        """The places of the frames that are kept: the middles of as many equal parts."""
        kept = min(number, self.num_frames or number)
        return (2 * np.arange(kept) + 1) * number // (2 * kept)


def frame_files(folder: Path) -> list[Path]:
    """The frames in a folder, `9.png` before `10.png`; hidden files are left out.

    Raises:
        UnusableValue: If there is none.
    """
    files = [file for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")]
    if not files:
        raise UnusableValue(
            str(folder), f"the video {folder} has no frames", fix="put pictures in it, in order"
        )
    return sorted(files, key=lambda file: [int(part) if part.isdecimal() else part for part in _parts(file)])


def _parts(file: Path) -> list[str]:
    """A name in turns of text and digits, beginning with text, so that names can be compared."""
    return re.split(r"(\d+)", file.name)
