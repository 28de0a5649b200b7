"""Makes train/, validation/ and test/: animated GIFs of a shape that moves, sorted by where and how fast.

    python make.py FOLDER

No single frame says which way a shape goes, nor how fast: it starts anywhere, and what leaves the picture
comes back on the other side. Beside it another shape stands still, and the pictures are noisy.
"""

import struct
import sys
from pathlib import Path

import numpy as np

SIDE, FRAMES = 24, (8, 12)
SEED = 24
SIZES = {"train": 160, "validation": 30, "test": 50}  # of each class
WAYS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
SPEEDS = {"slowly": (0.4, 0.7), "fast": (1.3, 1.7)}  # pixels a frame
SHAPES = ("disc", "square", "cross", "ring")
GREYS = 128  # of the palette: codes of its pictures are bytes, as long as they are told to start anew
RUN = 120


def make(folder: Path) -> None:
    """Writes a folder of videos for each class of each split."""
    random = np.random.default_rng(SEED)
    for split, size in SIZES.items():
        for way, (across, down) in WAYS.items():
            for speed, (least, most) in SPEEDS.items():
                place = folder / split / f"{way} {speed}"
                place.mkdir(parents=True)
                for number in range(size):
                    step = random.uniform(least, most)
                    video = _video(np.array([down, across]) * step, random)
                    (place / f"{number:03d}.gif").write_bytes(gif(video))


def _video(step: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """(frames, SIDE, SIDE) of 0 to GREYS - 1; a step is in rows and columns."""
    number = int(random.integers(FRAMES[0], FRAMES[1] + 1))
    half = random.uniform(2.5, 4.5)
    start = random.uniform(0, SIDE, 2)
    shape, other = random.choice(SHAPES, 2)
    ground, bright, still = random.uniform(10, 50), random.uniform(80, 125), random.uniform(60, 100)
    stands = _shape(other, random.uniform(0, SIDE, 2), random.uniform(1.5, 3))
    frames = []
    for time in range(number):
        moves = _shape(shape, start + step * time, half)
        frame = np.full((SIDE, SIDE), ground)
        frame = frame * (1 - stands) + still * stands
        frame = frame * (1 - moves) + bright * moves
        frames.append(frame + random.normal(0, 5, frame.shape))
    return np.clip(np.rint(frames), 0, GREYS - 1).astype(np.uint8)


def _shape(name: str, middle: np.ndarray, half: float) -> np.ndarray:
    """How much of each pixel is covered, from 0 to 1."""
    away = np.abs(np.indices((SIDE, SIDE)) + 0.5 - middle[:, None, None]) % SIDE
    rows, columns = np.minimum(away, SIDE - away)
    distance = {
        "disc": np.hypot(rows, columns) - half,
        "square": np.maximum(rows, columns) - 0.85 * half,
        "cross": np.maximum(np.minimum(rows, columns) - 0.35 * half, np.maximum(rows, columns) - half),
        "ring": np.abs(np.hypot(rows, columns) - 0.8 * half) - 0.3 * half,
    }[name]
    return np.clip(0.5 - distance, 0, 1)


def gif(frames: np.ndarray) -> bytes:
    """An animated GIF of grey frames, (frames, height, width) of 0 to GREYS - 1."""
    _, height, width = frames.shape
    written = b"GIF89a" + struct.pack("<HHBBB", width, height, 0xE6, 0, 0)
    written += b"".join(bytes([2 * grey] * 3) for grey in range(GREYS))
    written += b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0"  # for ever
    for frame in frames:
        flat = frame.tobytes()
        codes = b"".join(bytes([GREYS]) + flat[at : at + RUN] for at in range(0, len(flat), RUN))
        codes += bytes([GREYS + 1])
        blocks = (codes[at : at + 255] for at in range(0, len(codes), 255))
        written += b"\x21\xf9\x04\0\x0a\0\0\0," + struct.pack("<HHHHBB", 0, 0, width, height, 0, 7)
        written += b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    return written + b";"


if __name__ == "__main__":
    make(Path(sys.argv[1]))
