import base64

import numpy as np
import pytest

from kerasseq.models.thumbnails import png
from kerasseq.report.attention_image import attention_image
from tests.report.test_picture import size_of


def _size(folder, answer):
    (folder / "map.png").write_bytes(attention_image(answer))
    return size_of(folder / "map.png")


def _map(rows, columns):
    weights = [[1 / columns] * columns] * rows
    return {
        "attention": {
            "source_tokens": ["a"] * columns, "target_tokens": ["$x_1"] * rows, "weights": weights
        }
    }  # fmt: skip


@pytest.mark.parametrize(
    ("small", "large"),
    [
        (_map(2, 9), _map(7, 30)),
        (
            {"prediction": "yes", "attention_over_time": [0.5] * 8},
            {"prediction": "yes", "attention_over_time": [0.1] * 30},
        ),
        (
            {"seen": {"grid": [2, 2], "words": ["a"] * 2, "weights": [[0.25] * 4] * 2}},
            {"seen": {"grid": [5, 5], "words": ["a"] * 5, "weights": [[0.04] * 25] * 5}},
        ),
    ],
    ids=["tokens", "steps", "places"],
)
def test_a_picture_grows_with_what_was_looked_at(tmp_path, small, large):
    (width, height), (wider, higher) = _size(tmp_path, small), _size(tmp_path, large)
    assert width < wider and height <= higher


def test_what_is_long_is_no_larger_than_a_screen(tmp_path):
    assert max(_size(tmp_path, _map(300, 1000))) < 900


def test_the_words_of_a_caption_stand_over_their_places(tmp_path, monkeypatch):
    from matplotlib.axes import Axes

    drawn, imshow = {}, Axes.imshow

    def drawing(axes, values, **options):
        drawn["values"] = values
        return imshow(axes, values, **options)

    monkeypatch.setattr(Axes, "imshow", drawing)
    seen = {"grid": [1, 2], "words": ["a", "dog"], "weights": [[0.9, 0.1], [0.2, 0.8]]}
    attention_image({"seen": seen})
    np.testing.assert_array_equal(drawn["values"], [[0.9, 0.1, np.nan, 0.2, 0.8]])


def test_a_recordings_picture_is_what_the_task_has_drawn():
    picture = png(np.zeros((1, 1, 1), np.uint8))
    link = "data:image/png;base64," + base64.b64encode(picture).decode()
    assert attention_image({"heard": {"weights": link}}) == picture


NOTHING_WRITTEN = {"attention": {"source_tokens": ["a"], "target_tokens": [], "weights": []}}


@pytest.mark.parametrize(
    "answer", [{}, NOTHING_WRITTEN, {"heard": {"seconds": [1.0]}}, {"seen": {"words": ["a"]}}]
)
def test_without_attention_there_is_no_picture(answer):
    assert attention_image(answer) is None
