"""The class of the training recording, picture or video that is most alike."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from kerasseq.data.features.video import VideoFeature
from kerasseq.data.pictures import PictureSize, read_picture
from kerasseq.data.recordings import SUFFIXES, read_recording
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments

AT_ONCE = 256  # questions whose distances are held in memory
RATE = 8000
FRAME = 256  # samples that a spectrum is of


@register("baseline")
class NearestExample:
    """Gives the class of the training example whose few numbers are nearest.

    Of a recording these are the loudness of bands of pitches in each of some parts, of a picture mean
    brightnesses place by place, of a video those of its frames in each of some parts.

    Args:
        parts: Of a recording or a video.
        places: Bands of pitches, or rows and columns of a picture.
    Call arguments:
        inputs: The training split's files, by their paths.
        references: Their classes, in the same order.
        questions: The files to classify.
    Returns:
        A class for each question.
    Raises:
        ValueError: If an option is not positive.
    """

    media = ("audio", "image", "video")

    def __init__(self, *, parts: PositiveInt = 4, places: PositiveInt = 8):
        check_arguments(NearestExample.__init__, parts=parts, places=places)
        self.parts, self.places = parts, places
        self._size = PictureSize(height=places, width=places, channels=1, fit="stretch")
        self._video = VideoFeature(num_frames=parts, height=places, channels=1, fit="stretch")

    def __call__(self, inputs: list[str], references: list[str], questions: list[str]) -> list[str]:
        describe = self._describer(inputs[0])
        known, answers = _table(describe, inputs), []
        for first in range(0, len(questions), AT_ONCE):
            asked = _table(describe, questions[first : first + AT_ONCE])
            # |a - b|^2 = |a|^2 - 2 a b + |b|^2, and |a|^2 is the same for every b.
            distances = np.square(known).sum(axis=1) - 2 * asked @ known.T
            answers += [references[place] for place in distances.argmin(axis=1).tolist()]
        return answers

    def _describer(self, path: str) -> Callable[[str], np.ndarray]:
        """What makes numbers of such a file."""
        suffix = Path(path).suffix.lower()
        if suffix in SUFFIXES:
            return self._of_recording
        return self._of_video if suffix == ".gif" or Path(path).is_dir() else self._of_picture

    def _of_recording(self, path: str) -> np.ndarray:
        samples = read_recording(path, sample_rate=RATE).astype(np.float32)
        frames = np.pad(samples, (0, -len(samples) % FRAME)).reshape(-1, FRAME)
        bands = np.array_split(np.abs(np.fft.rfft(frames * np.hanning(FRAME))), self.places, axis=1)
        loudness = np.log1p(np.stack([band.mean(axis=1) for band in bands], axis=1))
        at = np.linspace(0, len(loudness) - 1, self.parts).round().astype(int)
        found = loudness[at].ravel()
        return found - found.mean()

    def _of_picture(self, path: str) -> np.ndarray:
        return self._size.fitted(read_picture(path)).numpy().ravel() / 255

    def _of_video(self, path: str) -> np.ndarray:
        frames = self._video.of_file(path).reshape(-1, self.places**2) / 255
        at = np.linspace(0, len(frames) - 1, self.parts).round().astype(int)  # of one that has fewer
        return frames[at].ravel()


def _table(describe: Callable[[str], np.ndarray], paths: Sequence[str]) -> np.ndarray:
    """A row for each file, float32."""
    return np.stack([describe(path) for path in paths]).astype(np.float32)
