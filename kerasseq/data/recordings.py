"""Recordings in WAV files, and with soundfile in FLAC and Ogg files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from kerasseq.data.faults import UnusableValue
from kerasseq.data.wav import read_wav, resample, to_int16

COMPRESSED = {b"fLaC": "a FLAC file", b"OggS": "an Ogg file"}
SUFFIXES = (".wav", ".flac", ".ogg")
INSTALL = "python -m pip install 'soundfile>=0.13'"


def read_recording(path: str | Path, *, sample_rate: int | None = None) -> np.ndarray:
    """The samples of a recording: the mean of its channels, resampled.

    Args:
        path: A WAV, FLAC or Ogg file.
        sample_rate: In Hz; that of the file if not given.
    Returns:
        (samples,) int16.
    Raises:
        UnusableValue: If there is no such file, it is broken or of another kind, or soundfile is missing.
    """
    is_what = COMPRESSED.get(_first_bytes(path))
    if is_what is None:
        return read_wav(path, sample_rate=sample_rate)
    try:
        import soundfile
    except (ImportError, OSError) as error:  # OSError: it does not find its own library
        message = f"the recording {path} is {is_what}, which soundfile reads, and that is not installed"
        raise UnusableValue(str(path), message, fix=INSTALL) from error
    try:
        samples, rate = soundfile.read(path, dtype="float64", always_2d=True)
    except RuntimeError as error:
        message = f"the recording {path} is broken: {str(error).rstrip('.')}"
        raise UnusableValue(str(path), message, fix="fetch the file again, or leave it out") from error
    if not len(samples):
        message = f"the recording {path} is broken: it has no samples"
        raise UnusableValue(str(path), message, fix="fetch the file again, or leave it out")
    samples = samples.mean(axis=1)
    return to_int16(samples if sample_rate is None else resample(samples, rate, sample_rate))


def _first_bytes(path: str | Path) -> bytes:
    try:
        with Path(path).open("rb") as file:
            return file.read(4)
    except OSError:
        return b""  # reading it as a WAV file says what is wrong
