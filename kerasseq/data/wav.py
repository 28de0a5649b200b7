"""Recordings in WAV files, as samples of one channel at the wanted rate."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kerasseq.data.faults import UnusableValue

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
OTHER_FORMATS = {2: "ADPCM", 6: "A-law", 7: "mu-law", 85: "MP3"}
OTHER_FILES = {b"fLaC": "a FLAC file", b"OggS": "an Ogg file", b"ID3": "an MP3 file", b"RIFX": "big-endian"}
UNKNOWN_SIZE = 0x7FFF0000  # what is written to a pipe says so, or more, for its size
SCALE = 32768  # of 16-bit samples

ZERO_CROSSINGS = 32  # of the filter, on each side
KAISER_BETA = 9.0  # what passes the filter above its stop band is 90 dB down
ROLLOFF = 0.91  # of the lower rate's half, where the filter lets a half of the amplitude through


def read_wav(path: str | Path, *, sample_rate: int | None = None) -> np.ndarray:
    """The samples of a recording: the mean of its channels, resampled.

    8-bit, 16-bit, 24-bit and 32-bit integers are read, and floats of 32 and 64 bits.

    Args:
        path: A WAV file.
        sample_rate: In Hz; that of the file if not given.
    Returns:
        (samples,) int16. A 16-bit recording of one channel at the wanted rate is taken as it is.
    Raises:
        UnusableValue: If there is no such file, it is broken, or none of these.
    """
    content = _content(path)
    header, data = _parts(path, content)
    code, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", header)
    if code == EXTENSIBLE and len(header) >= 26:
        (code,) = struct.unpack_from("<H", header, 24)
    if not channels or not rate:
        raise _broken(path, f"its header says {channels} channels at {rate} Hz")
    samples = _decoded(path, data, code, bits)
    samples = samples[: len(samples) // channels * channels].reshape(-1, channels).mean(axis=1)
    if not len(samples):
        raise _broken(path, "it has no samples")
    if not np.isfinite(samples).all():
        raise _broken(path, "it has samples that are no numbers")
    return to_int16(samples if sample_rate is None else resample(samples, rate, sample_rate))


def to_int16(samples: np.ndarray) -> np.ndarray:
    """Samples from -1 to 1 as 16-bit integers; louder ones are cut off."""
    return np.clip(np.rint(samples * SCALE), -SCALE, SCALE - 1).astype(np.int16)


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Samples at another rate, by a windowed sinc: y(n) = sum_k x(k) h(n rate / wanted - k).

    Args:
        samples: (samples,) at `rate`.
        rate: In Hz, as is `wanted`.
        wanted: The rate of what is returned.
    Returns:
        (ceil(samples * wanted / rate),) float64.
    Reference:
        Smith, Digital Audio Resampling, https://ccrma.stanford.edu/~jos/resample
    """
    if rate == wanted:
        return samples
    divisor = math.gcd(rate, wanted)
    up, down = wanted // divisor, rate // divisor
    lower = min(1.0, up / down) * ROLLOFF  # where the filter ends, as a share of the input's half rate
    reach = math.ceil(ZERO_CROSSINGS / lower)  # input samples on each side
    padded = np.pad(samples.astype(np.float64), (reach, reach + 1))
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1)
    found = np.empty(-(-len(samples) * up // down))
    for phase in range(min(up, len(found))):
        first, offset = divmod(phase * down, up)
        distances = np.arange(-reach, reach + 1) - offset / up
        rows = windows[first::down][: -(-(len(found) - phase) // up)]
        found[phase::up] = rows @ (lower * np.sinc(lower * distances) * _kaiser(distances / (reach + 1)))
    return found


def _kaiser(places: np.ndarray) -> np.ndarray:
    """The window at places from -1 to 1."""
    return np.i0(KAISER_BETA * np.sqrt(1 - places**2)) / np.i0(KAISER_BETA)


def _content(path: str | Path) -> bytes:
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        message = f"the recording {path} cannot be read: {error.strerror}"
        raise UnusableValue(str(path), message, fix="correct the path, or its rights") from error
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return content
    is_what = next((name for mark, name in OTHER_FILES.items() if content.startswith(mark)), "no WAV file")
    raise _convertible(path, f"is {is_what}" if content else "is empty")


def _parts(path: str | Path, content: bytes) -> tuple[bytes, bytes]:
    """The bytes of the header and of the samples."""
    found: dict[bytes, bytes] = {}
    for name, size, inside in _chunks(content):
        if name == b"data" and len(inside) < size < UNKNOWN_SIZE:
            raise _broken(path, f"it breaks off: {len(inside)} of {size} bytes of samples are there")
        found.setdefault(name, inside)
    for name, what in ((b"fmt ", "header"), (b"data", "samples")):
        if name not in found or (name == b"fmt " and len(found[name]) < 16):
            raise _broken(path, f"it has no {what}")
    return found[b"fmt "], found[b"data"]


def _chunks(content: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    place = 12
    while place + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, place)
        yield name, size, content[place + 8 : place + 8 + size]
        place += 8 + size + size % 2


def _decoded(path: str | Path, data: bytes, code: int, bits: int) -> np.ndarray:
    """All channels' samples in turn, float64 from -1 to 1."""
    data = data[: len(data) // max(bits // 8, 1) * max(bits // 8, 1)]
    if code == FLOAT and bits in (32, 64):
        return np.frombuffer(data, f"<f{bits // 8}").astype(np.float64)
    if code == PCM and bits == 8:
        return (np.frombuffer(data, np.uint8) - 128.0) / 128
    if code == PCM and bits == 24:
        whole = np.zeros((len(data) // 3, 4), np.uint8)
        whole[:, 1:] = np.frombuffer(data, np.uint8).reshape(-1, 3)
        return whole.view("<i4")[:, 0] / 2.0**31
    if code == PCM and bits in (16, 32):
        return np.frombuffer(data, f"<i{bits // 8}") / 2.0 ** (bits - 1)
    raise _convertible(path, f"holds {bits}-bit {OTHER_FORMATS.get(code, f'samples of the format {code}')}")


def _convertible(path: str | Path, what: str) -> UnusableValue:
    message = f"the recording {path} {what}, which is not read"
    return UnusableValue(str(path), message, fix=f"ffmpeg -i {Path(path).name} -c:a pcm_s16le converted.wav")


def _broken(path: str | Path, what: str) -> UnusableValue:
    fix = "fetch or write the file again, or leave it out"
    return UnusableValue(str(path), f"the recording {path} is broken: {what}", fix=fix)
