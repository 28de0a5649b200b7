import base64
import re

from kerasseq.report.heatmap import heatmap


def area(path):
    return sum(int(width) for width in re.findall(r"h(\d+)v1", path))


def test_shades_and_bytes_agree_with_the_weights():
    weights = [[0.0, 0.5, 0.5], [1.0, 0.0, 0.0]]
    drawn = heatmap({"source_tokens": ["a", "b", "</s>"], "target_tokens": ["x", "y"], "weights": weights})
    assert drawn.shades == [(0.5, "M1 0h2v1h-2z"), (1.0, "M0 1h1v1h-1z")]
    assert list(base64.b64decode(drawn.weights)) == [0, 128, 128, 255, 0, 0]
    assert drawn.largest == 1.0
    assert drawn.alignments == [("x", "b", 0.5), ("y", "a", 1.0)]


def test_every_visible_weight_is_covered_once():
    weights = [[((row * 7 + column * 3) % 10) / 10 for column in range(9)] for row in range(5)]
    drawn = heatmap({"source_tokens": list("abcdefghi"), "target_tokens": list("vwxyz"), "weights": weights})
    visible = sum(weight > 0 for row in weights for weight in row)
    assert sum(area(path) for _, path in drawn.shades) == visible


def test_padding_after_the_tokens_is_cut_and_short_rows_are_filled():
    drawn = heatmap(
        {
            "source_tokens": ["a", "b"],
            "target_tokens": ["x", "y"],
            "weights": [[0.5, 0.5, 0.9], [1.0], [9.0, 9.0]],
        }
    )
    assert list(base64.b64decode(drawn.weights)) == [128, 128, 255, 0]


def test_spaces_can_be_seen_and_long_tokens_are_cut():
    drawn = heatmap(
        {"source_tokens": [" ", "donaudampfschiff"], "target_tokens": [""], "weights": [[0.5, 0.5]]}
    )
    assert drawn.columns == ["␣", "donaudampfsch…"]
    assert drawn.rows == ["∅"]


def test_labels_stand_upright_among_characters_and_turned_among_words():
    def upright_length(tokens):
        weights = [[1.0] * len(tokens)]
        return heatmap({"source_tokens": tokens, "target_tokens": ["x"], "weights": weights}).upright_length

    assert upright_length(["a", "b", "c", "</s>"]) == 2
    assert upright_length(["in", "einem", "blauen", "</s>"]) == 0


def test_nothing_to_draw_is_no_map():
    assert heatmap({}) is None
    assert heatmap({"source_tokens": ["a"], "target_tokens": ["b"], "weights": []}) is None


def test_weights_that_are_no_numbers_count_as_zero():
    drawn = heatmap({"source_tokens": ["a", "b"], "target_tokens": ["x"], "weights": [[float("nan"), -1.0]]})
    assert drawn.shades == []
