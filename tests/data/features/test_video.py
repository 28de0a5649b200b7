import numpy as np
import pytest
import tensorflow as tf

from kerasseq.data.faults import UnusableValue
from kerasseq.data.features.video import VideoFeature, frame_files
from tests.data.picture_files import gif_bytes, picture, write_picture

GREYS = np.random.default_rng(0).integers(0, 128, (5, 4, 4))


@pytest.fixture
def gif(tmp_path):
    (tmp_path / "a.gif").write_bytes(gif_bytes(GREYS))
    return str(tmp_path / "a.gif")


@pytest.fixture
def folder(tmp_path):
    for number in range(2):
        write_picture(tmp_path / "clip" / f"{number}.png", picture(4, 4, seed=number))
    return str(tmp_path / "clip")


def test_a_batch_has_frames_and_lengths(gif, folder):
    feature = VideoFeature(height=4)
    flat, ends = feature.read([gif, folder])
    batch = feature.layout.assemble(flat, np.diff(ends, prepend=0), 8)
    assert batch["frames"].shape == (2, 8, 4, 4, 3) and batch["frames"].dtype == np.uint8
    assert batch["lengths"].tolist() == [5, 2] and batch["lengths"].dtype == np.int32
    np.testing.assert_array_equal(batch["frames"][0, :5, ..., 0], GREYS * 2)
    np.testing.assert_array_equal(batch["frames"][1, 1], picture(4, 4, seed=1))
    assert not batch["frames"][1, 2:].any()
    assert feature.spec["frames"].shape == (None, None, 4, 4, 3)
    assert feature.layout.widths(np.array([48, 9 * 48]), 8).tolist() == [8 * 48, 16 * 48]
    assert feature.encode([gif, folder])["frames"].shape == (2, 5, 4, 4, 3)


def test_a_longer_video_keeps_frames_at_even_distances(gif):
    found = VideoFeature(height=4, num_frames=2).encode([gif])
    np.testing.assert_array_equal(found["frames"][0, ..., 0], GREYS[[1, 3]] * 2)
    assert VideoFeature(height=4, num_frames=None).encode([gif])["lengths"].tolist() == [5]


def test_frames_are_counted_as_people_do(tmp_path):
    for name in ("10.png", "9.png", "a2.png", "a10.png", ".hidden"):
        (tmp_path / name).touch()
    assert [file.name for file in frame_files(tmp_path)] == ["9.png", "10.png", "a2.png", "a10.png"]


def test_frames_in_a_graph_are_brought_to_size():
    feature = VideoFeature(height=2, channels=1)
    frames = np.stack([picture(4, 4, seed=seed) for seed in range(6)]).reshape(2, 3, 4, 4, 3)
    spec = tf.TensorSpec((None, None, None, None, 3), tf.uint8)
    found = tf.function(feature.of_frames, input_signature=[spec], autograph=False)(frames)
    assert found.shape == (2, 3, 2, 2, 1)
    np.testing.assert_array_equal(found[1, 2], feature.of_frames(frames[1:, 2:])[0, 0])


def test_every_option_decides_what_is_kept():
    assert VideoFeature(height=5, width=6).options == {
        "type": "video", "num_frames": 16, "height": 5, "width": 6, "channels": 3, "fit": "crop"
    }  # fmt: skip


def test_bad_files_are_named(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    for name, message in (
        ("nowhere", r"nowhere cannot be read: No such file"),
        ("empty", r"the video .*empty has no frames\n  fix: put pictures in it, in order"),
    ):
        with pytest.raises(UnusableValue, match=message):
            VideoFeature().encode([str(tmp_path / name)])
    (tmp_path / "clip" / "2.png").write_bytes(b"no picture")
    with pytest.raises(UnusableValue, match=r"2\.png is no whole PNG"):
        VideoFeature().encode([folder])


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`num_frames` must be positive"):
        VideoFeature(num_frames=0)
