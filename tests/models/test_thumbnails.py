import base64

import numpy as np
import pytest
import tensorflow as tf

from kerasseq.models.thumbnails import filmstrip, picture, png, waveform


def pixels_of(link):
    head, _, data = link.partition(",")
    assert head == "data:image/png;base64"
    return tf.io.decode_png(base64.b64decode(data)).numpy()


@pytest.mark.parametrize("channels", [1, 3])
def test_a_png_holds_the_pixels(channels):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, channels), np.uint8)
    np.testing.assert_array_equal(tf.io.decode_png(png(pixels)), pixels)
    np.testing.assert_array_equal(pixels_of(picture(pixels)), pixels)


def test_large_pictures_are_made_small():
    assert pixels_of(picture(np.zeros((300, 100, 1), np.uint8))).shape == (75, 25, 1)


def test_a_filmstrip_has_some_of_many_frames():
    few = filmstrip(np.zeros((3, 4, 4, 1), np.uint8))
    assert [frame["number"] for frame in few] == [1, 2, 3]
    many = [frame["number"] for frame in filmstrip(np.zeros((48, 4, 4, 1), np.uint8))]
    assert len(many) == 24 and many[:2] == [2, 4]
    assert filmstrip(np.zeros((0, 4, 4, 1), np.uint8)) == []


def test_a_waveform_is_how_loud_each_part_is():
    assert waveform(np.array([0, 16384, -32768, 0], np.int16)) == [0.0, 0.5, 1.0, 0.0]
    found = waveform(np.r_[np.zeros(1600), np.full(1600, 8192)].astype(np.int16))
    assert found == [0.0] * 80 + [0.25] * 80
    assert waveform(np.zeros(0, np.int16)) == []
