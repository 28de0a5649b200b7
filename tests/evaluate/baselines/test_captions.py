"""What a captioner has to beat."""

import numpy as np
import pytest

from kerasseq.evaluate.baselines.constant_caption import ConstantCaption
from kerasseq.evaluate.baselines.nearest_caption import NearestCaption
from tests.data.picture_files import write_picture

SAID = [["a dog runs", "a dog runs on grass"], ["a dog runs fast", "zebra"], ["the man waits", "a dog runs"]]


def test_the_constant_caption_is_the_most_central_one():
    assert ConstantCaption()([1, 2, 3], SAID, ["x", "y"]) == ["a dog runs"] * 2
    assert ConstantCaption()([1, 2], ["one", "one two"], ["x"])[0] in {"one", "one two"}


def coloured(folder, name, colour, size=(9, 12), noise=0):
    pixels = np.full((*size, 3), colour, np.int32)
    pixels += np.random.default_rng(len(name)).integers(-noise, noise + 1, pixels.shape)
    return str(write_picture(folder / name, np.clip(pixels, 0, 255).astype(np.uint8)))


def test_the_nearest_caption_is_that_of_the_picture_with_the_nearest_colours(tmp_path):
    known = [
        coloured(tmp_path, f"{number}.png", colour)
        for number, colour in enumerate([(250, 0, 0), (0, 250, 0), (0, 0, 250)])
    ]
    asked = [
        coloured(tmp_path, "blue.png", (10, 20, 200), size=(20, 7), noise=9),
        coloured(tmp_path, "red.png", (200, 30, 30)),
    ]
    found = NearestCaption()(known, [["red", "it is red"], "green", ["blue"]], asked)
    assert found == ["blue", "red"]
    assert NearestCaption(places=1)(known, ["r", "g", "b"], known) == ["r", "g", "b"]


def test_the_place_of_a_colour_counts(tmp_path):
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:, :4] = 255
    left, right = (
        str(write_picture(tmp_path / name, side))
        for name, side in [("l.png", pixels), ("r.png", pixels[:, ::-1])]
    )
    assert NearestCaption()([left, right], ["left", "right"], [right, left]) == ["right", "left"]


def test_places_are_positive():
    with pytest.raises(ValueError, match="`places` must be positive. Received: places=0"):
        NearestCaption(places=0)
