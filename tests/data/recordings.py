"""WAV files of every kind, byte by byte."""

import struct

import numpy as np


def wav_bytes(data, *, rate=8000, channels=1, bits=16, code=1, extra=b"", size=None):
    """A WAV file around the bytes of its samples; `size` is what its header says instead of the truth."""
    block = channels * bits // 8
    header = struct.pack("<HHIIHH", code, channels, rate, rate * block, block, bits) + extra
    size = len(data) if size is None else size
    chunks = struct.pack("<4sI", b"fmt ", len(header)) + header
    chunks += struct.pack("<4sI", b"LIST", 3) + b"abc\0"  # of an odd size, so that a byte follows
    chunks += struct.pack("<4sI", b"data", size) + data
    return struct.pack("<4sI4s", b"RIFF", min(4 + len(chunks), 2**32 - 1), b"WAVE") + chunks


def write_wav(path, samples, *, rate=8000):
    """Writes samples, (samples,) or (samples, channels) int16."""
    samples = np.asarray(samples, "<i2")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(
        wav_bytes(samples.tobytes(), rate=rate, channels=1 if samples.ndim == 1 else samples.shape[1])
    )
    return path


def tone(hz, *, seconds=0.1, rate=8000, loudness=8000):
    """A sine, int16."""
    return np.rint(loudness * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)).astype(np.int16)
