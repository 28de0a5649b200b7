import numpy as np
import pytest
import tensorflow as tf

from kerasseq.data.faults import UnusableValue
from kerasseq.data.pictures import PictureSize, read_gif, read_picture
from tests.data.picture_files import gif_bytes, picture, write_picture


def size(height=4, width=4, channels=3, fit="crop"):
    return PictureSize(height=height, width=width, channels=channels, fit=fit)


@pytest.mark.parametrize("suffix", ["png", "bmp"])
def test_pixels_come_back_as_they_were_written(tmp_path, suffix):
    path = write_picture(tmp_path / f"a.{suffix}", picture())
    np.testing.assert_array_equal(read_picture(path), picture())
    np.testing.assert_array_equal(size(6, 8).fitted(read_picture(path)), picture())


def test_jpeg_is_read(tmp_path):
    path = write_picture(tmp_path / "a.jpg", np.full((8, 8, 3), 90, np.uint8))
    np.testing.assert_allclose(tf.cast(read_picture(path), tf.int32), 90, atol=2)


def test_grey_becomes_three_equal_colours_and_back(tmp_path):
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16, 1)
    pixels = read_picture(write_picture(tmp_path / "a.png", grey))
    np.testing.assert_array_equal(pixels, np.repeat(grey, 3, axis=2))
    np.testing.assert_array_equal(size(16, 16, channels=1).fitted(pixels), grey)


@pytest.mark.parametrize("channels", [2, 4])
def test_what_is_transparent_is_white(tmp_path, channels):
    pixels = np.zeros((2, 2, channels), np.uint8)
    pixels[0, 0, -1] = 255  # black and opaque
    pixels[1, 1, -1] = 51
    found = read_picture(write_picture(tmp_path / "a.png", pixels)).numpy()
    assert found[..., 0].tolist() == [[0, 255], [255, 204]]


def test_the_first_frame_of_a_gif_is_its_picture(tmp_path):
    frames = np.random.default_rng(0).integers(0, 128, (3, 20, 30))
    path = tmp_path / "a.gif"
    path.write_bytes(gif_bytes(frames))
    np.testing.assert_array_equal(read_picture(path)[..., 0], frames[0] * 2)
    np.testing.assert_array_equal(read_gif(path)[..., 1], frames * 2)


def test_crop_keeps_the_middle():
    pixels = np.zeros((2, 6, 3), np.uint8)
    pixels[:, 2:4] = 200
    assert (size(2, 2).fitted(pixels).numpy() == 200).all()
    assert (size(2, 2).fitted(pixels.transpose(1, 0, 2)).numpy() == 200).all()


def test_pad_keeps_the_whole_beside_black():
    found = size(4, 4, fit="pad").fitted(np.full((2, 4, 3), 200, np.uint8)).numpy()
    assert found[:, 0, 0].tolist() == [0, 200, 200, 0]


def test_stretch_changes_the_shape():
    pixels = np.repeat(np.array([[[0], [100]]], np.uint8), 3, axis=2)  # (1, 2, 3)
    assert size(3, 2, fit="stretch").fitted(pixels).numpy()[..., 0].tolist() == [[0, 100]] * 3


def test_smaller_pictures_are_means_not_samples():
    board = np.indices((8, 8)).sum(axis=0) % 2 * 255
    found = size(2, 2).fitted(np.repeat(board[..., None], 3, axis=2).astype(np.uint8)).numpy()
    assert np.abs(found.astype(int) - 127).max() < 20


def test_bytes_are_read_in_a_graph_as_files_are(tmp_path):
    paths = [write_picture(tmp_path / f"{seed}.png", picture(5 + seed, 9, seed)) for seed in range(2)]
    alone = [size(channels=1).fitted(read_picture(path)) for path in paths]
    contents = tf.constant([path.read_bytes() for path in paths])
    found = tf.function(size(channels=1).of_bytes, autograph=False)(contents)
    np.testing.assert_array_equal(found, alone)
    assert tf.function(size(channels=1).of_bytes, autograph=False)(contents[:0]).shape == (0, 4, 4, 1)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"hello", "is no whole PNG, JPEG, GIF or BMP file"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "is a WebP file, which is not read"),
        (b"\0\0\0\x18ftypheic", "is a HEIC or AVIF file, which is not read"),
        (tf.io.encode_png(np.ones((30, 30, 3), np.uint8)).numpy()[:60], "is no whole PNG"),
    ],
)
def test_what_is_no_picture_is_said(tmp_path, content, message):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    with pytest.raises(UnusableValue) as caught:
        read_picture(path)
    assert f"the picture {path} {message}" in str(caught.value)
    assert "fix: write it as PNG, JPEG, GIF or BMP, or leave it out" in str(caught.value)


def test_a_picture_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UnusableValue, match=r"a\.png cannot be read: No such file"):
        read_picture(tmp_path / "a.png")


def test_a_still_picture_is_a_video_of_one_frame(tmp_path):
    path = write_picture(tmp_path / "b.png", picture())
    np.testing.assert_array_equal(read_gif(path), picture()[None])
