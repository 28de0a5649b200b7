"""A field that holds a recording."""

from __future__ import annotations

import numpy as np

from kerasseq.data.media import MediaFeature
from kerasseq.data.recordings import read_recording
from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, PositiveInt, Raw, check_arguments

WIDTHS_PER_SECOND = 32


class Recordings:
    """`samples`, padded on the right with 0, (batch, samples) int16, and `lengths`, (batch,) int32.

    Widths are multiples of `step` 32nds of a second, so that there are few.

    Args:
        sample_rate: In Hz.
    """

    unknown_id = None
    spec = {"samples": Raw("int16", (None, None)), "lengths": Raw("int32", (None,))}

    def __init__(self, *, sample_rate: int):
        self._unit = max(sample_rate // WIDTHS_PER_SECOND, 1)

    def widths(self, lengths: np.ndarray, step: int) -> np.ndarray:
        step = step * self._unit
        return -(-lengths.astype(np.int64) // step) * step

    def assemble(self, values: np.ndarray, lengths: np.ndarray, step: int) -> dict[str, np.ndarray]:
        samples = np.zeros((len(lengths), self.widths(lengths.max(), step)), np.int16)
        samples[np.arange(samples.shape[1]) < lengths[:, None]] = values  # row by row
        return {"samples": samples, "lengths": lengths.astype(np.int32)}


@register("feature")
class AudioFeature(MediaFeature):
    """A recording in a WAV, FLAC or Ogg file, by its path, as 16-bit samples of one channel.

    Args:
        sample_rate: In Hz; recordings of another rate are resampled.
        max_seconds: Longer training recordings are left out.
    Attributes:
        layout: How its samples stand in a batch.
    """

    medium = "audio"
    dtype = "int16"

    def __init__(self, *, sample_rate: PositiveInt = 16000, max_seconds: PositiveFloat | None = None):
        check_arguments(AudioFeature.__init__, sample_rate=sample_rate, max_seconds=max_seconds)
        super().__init__(type="audio", sample_rate=sample_rate)
        self.sample_rate = sample_rate
        self.max_length = None if max_seconds is None else int(max_seconds * sample_rate)
        self.layout = Recordings(sample_rate=sample_rate)

    def shown_length(self, length: int) -> str:
        return f"{length / self.sample_rate:.2f} s"

    def limit(self, length: int) -> str:
        return f"max_seconds: {length / self.sample_rate:.2f}"

    def of_file(self, path: str) -> np.ndarray:
        return read_recording(path, sample_rate=self.sample_rate)
