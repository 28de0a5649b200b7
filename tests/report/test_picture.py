import random

import pytest

from kerasseq.report import attention_picture
from tests.report.run_files import attention


def size_of(path):
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")


def test_a_picture_is_a_png_that_grows_with_the_sentence(tmp_path):
    short = {"attention": attention("abc", "de", random.Random(1))}
    long = {"attention": attention("a longer sentence", "ein Satz", random.Random(1))}
    attention_picture(short, tmp_path / "short.png")
    attention_picture(long, tmp_path / "new" / "long.png")
    assert size_of(tmp_path / "short.png") < size_of(tmp_path / "new" / "long.png")


def test_scripts_without_a_font_are_no_mistake(tmp_path):
    tokens = {
        "source_tokens": ["你好", "\U00013000", "שלום"],
        "target_tokens": ["$x_1"],
        "weights": [[0.1, 0.8, 0.1]],
    }
    attention_picture({"attention": tokens}, tmp_path / "map.png")
    assert size_of(tmp_path / "map.png")[0] > 100


def test_an_example_without_a_map_is_refused(tmp_path):
    with pytest.raises(ValueError) as error:
        attention_picture({"input": "a"}, tmp_path / "map.png")
    assert str(error.value) == (
        "`example` must have an attention map, as the first lines of predictions.jsonl have where the model "
        "has attention. Received: example with the keys 'input'"
    )
