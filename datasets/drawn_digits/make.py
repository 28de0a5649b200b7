"""Makes train/, validation/ and test/: digits drawn with a pen, as small pictures, a folder for each digit.

    python make.py FOLDER

A digit is a stroke or two through a few points, which are moved, turned, slanted, stretched and drawn with a
pen of some width on paper that is not clean. No two pictures are alike.
"""

import struct
import sys
import zlib
from pathlib import Path

import numpy as np

SIDE = 20
SEED = 28
SIZES = {"train": 150, "validation": 30, "test": 60}  # of each digit

# Points of each stroke in a square from 0 to 1, rows from the top; the line through them is smooth.
STROKES = {
    "0": [[(0.1, 0.5), (0.3, 0.2), (0.7, 0.2), (0.9, 0.5), (0.7, 0.8), (0.3, 0.8), (0.1, 0.5)]],
    "1": [[(0.3, 0.3), (0.1, 0.55), (0.5, 0.55), (0.9, 0.55)]],
    "2": [[(0.25, 0.25), (0.1, 0.5), (0.3, 0.75), (0.6, 0.45), (0.9, 0.2), (0.88, 0.5), (0.88, 0.8)]],
    "3": [[(0.15, 0.25), (0.1, 0.6), (0.3, 0.75), (0.45, 0.45), (0.65, 0.8), (0.9, 0.55), (0.82, 0.2)]],
    "4": [[(0.1, 0.5), (0.4, 0.3), (0.6, 0.2), (0.6, 0.5), (0.6, 0.85)],
          [(0.35, 0.65), (0.6, 0.63), (0.9, 0.6)]],
    "5": [[(0.1, 0.8), (0.1, 0.3), (0.45, 0.28), (0.45, 0.6), (0.65, 0.78), (0.88, 0.55), (0.82, 0.2)]],
    "6": [[(0.1, 0.7), (0.35, 0.3), (0.7, 0.2), (0.9, 0.5), (0.7, 0.75), (0.55, 0.5), (0.68, 0.22)]],
    "7": [[(0.1, 0.2), (0.12, 0.5), (0.1, 0.8), (0.5, 0.55), (0.9, 0.4)]],
    "8": [[(0.3, 0.7), (0.1, 0.5), (0.3, 0.3), (0.5, 0.5), (0.72, 0.75), (0.9, 0.5), (0.72, 0.25), (0.5, 0.5),
           (0.3, 0.7)]],
    "9": [[(0.35, 0.75), (0.12, 0.55), (0.2, 0.28), (0.45, 0.35), (0.4, 0.7), (0.3, 0.75), (0.6, 0.72),
           (0.9, 0.65)]],
}  # fmt: skip


def make(folder: Path) -> None:
    """Writes a folder of PNG files for each digit of each split."""
    random = np.random.default_rng(SEED)
    for split, size in SIZES.items():
        for digit in STROKES:
            place = folder / split / digit
            place.mkdir(parents=True)
            for number in range(size):
                (place / f"{number:03d}.png").write_bytes(png(_drawn(digit, random)))


def _drawn(digit: str, random: np.random.Generator) -> np.ndarray:
    """(SIDE, SIDE) uint8, bright on dark."""
    turn = random.normal(0, 0.18)
    change = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    change = change @ np.array([[1, 0], [random.normal(0, 0.2), 1]])  # slant
    change = change @ np.diag(random.uniform([0.65, 0.55], [0.95, 0.95]))
    shift = random.normal(0, 0.045, 2)
    ink = np.zeros((SIDE, SIDE))
    width = random.uniform(0.7, 1.5)
    for stroke in STROKES[digit]:
        points = np.array(stroke) + random.normal(0, 0.035, (len(stroke), 2))
        line = ((_smooth(points) - 0.5) @ change.T + 0.5 + shift) * SIDE
        ink = np.maximum(ink, _pen(line, width))
    paper = random.uniform(0, 40) + random.normal(0, 12, ink.shape)
    return np.clip(paper * (1 - ink) + random.uniform(160, 255) * ink, 0, 255).astype(np.uint8)


def _smooth(points: np.ndarray, each: int = 12) -> np.ndarray:
    """A Catmull-Rom spline through points, (points, 2)."""
    around = np.concatenate([points[:1], points, points[-1:]])
    before, first, second, behind = (around[at : len(around) - 3 + at] for at in range(4))
    along = np.linspace(0, 1, each)[:, None, None]
    found = 0.5 * (
        2 * first
        + (second - before) * along
        + (2 * before - 5 * first + 4 * second - behind) * along**2
        + (3 * first - before - 3 * second + behind) * along**3
    )
    return found.transpose(1, 0, 2).reshape(-1, 2)


def _pen(line: np.ndarray, width: float) -> np.ndarray:
    """How dark a pen makes each pixel, by its distance from the line's points."""
    pixels = np.indices((SIDE, SIDE)).reshape(2, -1).T + 0.5
    distance = np.sqrt(np.square(pixels[:, None] - line).sum(axis=-1)).min(axis=1)
    return np.clip(width + 0.5 - distance, 0, 1).reshape(SIDE, SIDE)


def png(pixels: np.ndarray) -> bytes:
    """A PNG of (height, width) uint8."""
    height, width = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


if __name__ == "__main__":
    make(Path(sys.argv[1]))
