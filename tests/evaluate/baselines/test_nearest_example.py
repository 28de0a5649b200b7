import numpy as np
import pytest

from kerasseq.evaluate.baselines.nearest_example import NearestExample
from tests.data.picture_files import gif_bytes, write_picture
from tests.data.recordings import tone, write_wav


def answers(folder, write, values, asked):
    """The class, its name, of the known value that is nearest to each that is asked."""
    known = [str(write(folder / name, value)) for name, value in values.items()]
    questions = [str(write(folder / f"asked{place}", value)) for place, value in enumerate(asked)]
    return NearestExample()(known, list(values), questions)


def test_recordings_are_alike_in_their_pitches(tmp_path):
    def write(path, samples):
        return write_wav(path.with_suffix(".wav"), samples)

    known = {"low": tone(300, seconds=0.3), "high": tone(2500, seconds=0.3)}
    asked = [tone(350, seconds=0.2, loudness=500), tone(2300, seconds=0.4, loudness=20000)]
    assert answers(tmp_path, write, known, asked) == ["low", "high"]


def test_pictures_are_alike_place_by_place(tmp_path):
    def write(path, pixels):
        return write_picture(path.with_suffix(".png"), pixels)

    top, left = np.zeros((2, 16, 12, 3), np.uint8)
    top[:8], left[:, :6] = 200, 200
    assert answers(tmp_path, write, {"top": top, "left": left}, [left // 2, top // 2]) == ["left", "top"]


def test_videos_are_alike_part_by_part(tmp_path):
    def write(path, frames):
        path.with_suffix(".gif").write_bytes(gif_bytes(frames))
        return path.with_suffix(".gif")

    rising = np.arange(10, 120, 20)[:, None, None] * np.ones((6, 4, 4), np.uint8)
    known = {"brighter": rising, "darker": rising[::-1]}
    assert answers(tmp_path, write, known, [rising[::-1] // 2, rising[:3]]) == ["darker", "brighter"]


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="`parts` must be positive. Received: parts=0"):
        NearestExample(parts=0)
