import numpy as np
import pytest

from kerasseq.data.faults import UnusableValue
from kerasseq.data.features.image import ImageFeature
from tests.data.picture_files import picture, write_picture


@pytest.fixture
def paths(tmp_path):
    return [str(write_picture(tmp_path / f"{seed}.png", picture(seed=seed))) for seed in range(3)]


def test_a_batch_holds_the_pixels(paths):
    feature = ImageFeature(height=6, width=8)
    flat, ends = feature.read(paths)
    assert flat.dtype == np.uint8 and ends.tolist() == [144, 288, 432]
    batch = feature.layout.assemble(flat, np.diff(ends, prepend=0), 8)
    np.testing.assert_array_equal(batch, [picture(seed=seed) for seed in range(3)])
    np.testing.assert_array_equal(feature.encode(paths), batch)
    assert feature.spec.shape == (None, 6, 8, 3) and feature.spec.dtype == "uint8"
    assert feature.layout.widths(np.array([144]), 8).tolist() == [144]
    assert feature.repeats and feature.max_length is None


def test_bytes_give_what_the_file_does(paths):
    feature = ImageFeature(height=5, channels=1)
    with open(paths[0], "rb") as file:
        found = feature.of_bytes([file.read()])
    np.testing.assert_array_equal(found, feature.encode(paths[:1]))
    assert found.shape == (1, 5, 5, 1)


def test_every_option_decides_what_is_kept():
    assert ImageFeature(height=5).options == {
        "type": "image", "height": 5, "width": 5, "channels": 3, "fit": "crop"
    }  # fmt: skip


def test_a_bad_file_is_named(tmp_path):
    with pytest.raises(UnusableValue, match=r"nowhere\.png cannot be read"):
        ImageFeature().encode([str(tmp_path / "nowhere.png")])


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`height` must be positive. Received: height=0"):
        ImageFeature(height=0)
    with pytest.raises(ValueError, match="`channels` must be one of 1, 3. Received: channels=4"):
        ImageFeature(channels=4)
    with pytest.raises(ValueError, match="`fit` must be one of 'crop', 'pad', 'stretch'"):
        ImageFeature(fit="squeeze")
