"""Makes drawn scenes of one or two shapes with captions: pictures/*.png, train.csv, validation.csv, test.csv.

    python make.py [FOLDER]

A scene is a picture of 48 by 48 pixels. Its captions tell colours, sizes and places, each in its own words,
and some leave something out. What is in a test or validation scene, its colours, sizes, shapes and places
together, is in no training scene: a caption has to be put together from what was seen apart.
"""

import csv
import random
import struct
import sys
import zlib
from pathlib import Path
from typing import NamedTuple

import numpy as np

SIZES = {"train": 2_000, "validation": 200, "test": 300}
NUM_CAPTIONS = 4
SEED = 11
SIDE, FINE = 48, 3  # pixels of a side, and of a pixel's side while drawing
COLOURS = {
    "red": (215, 45, 45),
    "green": (50, 170, 70),
    "blue": (55, 85, 220),
    "yellow": (235, 210, 50),
    "purple": (150, 60, 190),
    "white": (240, 240, 240),
}
SHAPES = ["circle", "square", "triangle", "diamond", "cross"]
RADII = {"small": (4.0, 5.5), "large": (8.5, 10.5)}
RELATIONS = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}
CORNERS = {(-1, -1): "top left", (1, -1): "top right", (-1, 1): "bottom left", (1, 1): "bottom right"}
SINGLE_SHARE = 0.2
OF_PAIR = [
    "a {a} {relation} a {b}",
    "a {b} {inverse} a {a}",
    "the {a} is {relation} the {b}",
    "there is a {a} {relation} a {b}",
    "a {a} and a {b}",
]
OF_ONE = ["a {a} in the {place}", "there is a {a} in the {place}", "the {place} has a {a}", "just a {a}"]


class Thing(NamedTuple):
    """A shape as words say it, and where it is drawn."""

    size: str
    colour: str
    shape: str
    x: float
    y: float
    radius: float

    def words(self, parts: str) -> str:
        """Such as `small red circle`, with the parts that are asked for."""
        return " ".join(getattr(self, part) for part in parts.split())


def _thing(chance: random.Random, x: float, y: float) -> Thing:
    size = chance.choice(list(RADII))
    return Thing(
        size, chance.choice(list(COLOURS)), chance.choice(SHAPES), x, y, chance.uniform(*RADII[size])
    )


def _one(chance: random.Random) -> tuple[list[Thing], str]:
    """A shape in a corner or in the middle, and the place's name."""
    corner = chance.choice([*CORNERS, None])
    if corner is None:
        return [_thing(chance, *(SIDE / 2 + chance.uniform(-3, 3) for _ in range(2)))], "middle"
    x, y = (SIDE / 2 + side * chance.uniform(10, 13) for side in corner)
    return [_thing(chance, x, y)], CORNERS[corner]


def _pair(chance: random.Random) -> tuple[list[Thing], str]:
    """Two shapes that differ, and how the first stands to the second."""
    relation = chance.choice(list(RELATIONS))
    along = 11.5 if relation in ("left of", "above") else -11.5
    places = []
    for sign in (-1, 1):
        first, second = SIDE / 2 + sign * along + chance.uniform(-1.5, 1.5), SIDE / 2 + chance.uniform(-6, 6)
        places.append((first, second) if relation in ("left of", "right of") else (second, first))
    things = [_thing(chance, *place) for place in places]
    if things[0][:3] == things[1][:3]:
        return _pair(chance)
    return things, relation


def _meaning(things: list[Thing], where: str) -> frozenset:
    """What a scene is, whichever shape is told first."""
    if len(things) == 1:
        return frozenset([(things[0][:3], where)])
    return frozenset([(things[0][:3], where), (things[1][:3], RELATIONS[where])])


def captions(chance: random.Random, things: list[Thing], where: str) -> list[str]:
    """Different sentences about a scene."""
    found: dict[str, None] = {}
    while len(found) < NUM_CAPTIONS:
        parts = chance.choice(["size colour shape", "size colour shape", "colour shape"])
        if len(things) == 1:
            said = chance.choice(OF_ONE).format(a=things[0].words(parts), place=where)
        else:
            told, relation = (things, where) if chance.random() < 0.5 else (things[::-1], RELATIONS[where])
            first, second = (thing.words(parts) for thing in told)
            template = chance.choice(OF_PAIR)
            said = template.format(a=first, b=second, relation=relation, inverse=RELATIONS[relation])
        found[said] = None
    return list(found)


def draw(noise: np.random.Generator, things: list[Thing]) -> np.ndarray:
    """The pixels of a scene, (SIDE, SIDE, 3) uint8: shapes with smooth edges on a grey slope with noise."""
    places = (np.arange(SIDE * FINE) + 0.5) / FINE
    y, x = np.meshgrid(places, places, indexing="ij")
    slope = noise.normal(0, 0.3, 2)
    grey = noise.uniform(40, 110) + slope[0] * (x - SIDE / 2) + slope[1] * (y - SIDE / 2)
    pixels = np.repeat(grey[..., None], 3, axis=2)
    for thing in things:
        colour = np.array(COLOURS[thing.colour]) + noise.normal(0, 10, 3)
        pixels[_covered(thing, x - thing.x, y - thing.y)] = colour
    pixels = pixels.reshape(SIDE, FINE, SIDE, FINE, 3).mean(axis=(1, 3))
    return np.clip(pixels + noise.normal(0, 5, pixels.shape), 0, 255).astype(np.uint8)


def _covered(thing: Thing, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The points that a shape covers, from its centre's point of view."""
    radius = thing.radius
    if thing.shape == "circle":
        return x**2 + y**2 <= radius**2
    if thing.shape == "square":
        return np.maximum(abs(x), abs(y)) <= 0.85 * radius
    if thing.shape == "diamond":
        return abs(x) + abs(y) <= 1.15 * radius
    if thing.shape == "cross":
        return (np.minimum(abs(x), abs(y)) <= 0.33 * radius) & (np.maximum(abs(x), abs(y)) <= radius)
    return (y <= 0.8 * radius) & (y >= 2 * abs(x) - radius)


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Writes (height, width, 3) uint8 as a PNG."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)  # 0: no filter
    chunks = [
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows)),
        (b"IEND", b""),
    ]
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for name, data in chunks:
            file.write(struct.pack(">I", len(data)) + name + data)
            file.write(struct.pack(">I", zlib.crc32(name + data)))


def make(folder: Path) -> None:
    """Writes the whole set into a folder."""
    chance, noise = random.Random(SEED), np.random.default_rng(SEED)
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    held_out: set[frozenset] = set()
    number = 0
    for split in ("test", "validation", "train"):  # what is held out is known before training is drawn
        rows = []
        while len(rows) < SIZES[split] * NUM_CAPTIONS:
            things, where = _one(chance) if chance.random() < SINGLE_SHARE else _pair(chance)
            meaning = _meaning(things, where)
            if split == "train" and meaning in held_out:
                continue
            if split != "train":
                held_out.add(meaning)
            number += 1
            write_png(folder / "pictures" / f"{number:04}.png", draw(noise, things))
            rows += [(f"{number:04}.png", said) for said in captions(chance, things, where)]
        with (folder / f"{split}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([("image", "caption"), *rows])


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
