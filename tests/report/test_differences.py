import random

import pytest

from kerasseq.report.differences import differences


def marked(pieces):
    return "".join(f"[{piece.text}]" if piece.differs else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("prediction", "reference", "shown"),
    [
        ("a blue house", "a red house", ("a [blue] house", "a [red] house")),
        ("a very big house", "a house", ("a [very big] house", "a house")),
        ("2019-05-03", "2019-06-03", ("2019-0[5]-03", "2019-0[6]-03")),
        ("你好视界", "你好世界", ("你好[视]界", "你好[世]界")),
        ("cafe\u0301", "cafe", ("caf[e\u0301]", "caf[e]")),
        ("", "word", ("", "[word]")),
        ("same", "same", ("same", "same")),
    ],
)
def test_what_is_not_shared_is_marked(prediction, reference, shown):
    assert tuple(map(marked, differences(prediction, reference))) == shown


def test_the_pieces_are_the_text():
    chance = random.Random(3)
    for _ in range(200):
        texts = ["".join(chance.choice("ab \t") for _ in range(chance.randint(0, 12))) for _ in range(2)]
        found = differences(*texts)
        assert ["".join(piece.text for piece in pieces) for pieces in found] == texts


def test_very_long_texts_are_marked_as_a_whole():
    left, right = "a" * 2000, "b" + "a" * 2000
    assert [[piece.differs for piece in pieces] for pieces in differences(left, right)] == [[True], [True]]
