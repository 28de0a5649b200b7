"""Small pictures of what a model saw or heard, as text that a line of JSON and a page can hold."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

LARGEST = 96  # pixels of a side
MOST_FRAMES = 24
NUM_PEAKS = 160
SCALE = 32768
GREY, COLOURS = 0, 2  # of a PNG's pixels


def png(pixels: np.ndarray) -> bytes:
    """A PNG of (height, width, 1 or 3) uint8."""
    height, width, channels = pixels.shape
    kind = GREY if channels == 1 else COLOURS
    rows = np.concatenate([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)], axis=1)  # no filter
    header = struct.pack(">IIBBBBB", width, height, 8, kind, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def picture(pixels: np.ndarray) -> str:
    """A picture as a link that holds it; of a large one every second, third, ... pixel."""
    step = -(-max(pixels.shape[:2]) // LARGEST)
    return "data:image/png;base64," + base64.b64encode(png(pixels[::step, ::step])).decode("ascii")


def filmstrip(frames: np.ndarray) -> list[dict[str, object]]:
    """A video's frames, each as its `number` and `picture`; of a long one some, at even distances."""
    kept = min(len(frames), MOST_FRAMES)
    places = (2 * np.arange(kept) + 1) * len(frames) // max(2 * kept, 1)
    return [{"number": place + 1, "picture": picture(frames[place])} for place in places.tolist()]


def waveform(samples: np.ndarray) -> list[float]:
    """The loudest sample in each of some equal parts of a recording, (samples,) int16, from 0 to 1."""
    if not len(samples):
        return []
    parts = np.array_split(np.abs(samples.astype(np.int32)), min(NUM_PEAKS, len(samples)))
    return [round(int(part.max()) / SCALE, 3) for part in parts]
