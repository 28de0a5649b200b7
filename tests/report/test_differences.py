import random

import pytest

from kerasseq.report.differences import are_continuations, comparison_of, differences, unmarked, whole


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


@pytest.mark.parametrize(
    ("line", "compare"),
    [
        ({"input": "The", "prediction": "The cat", "reference": "The dog"}, unmarked),
        ({"input": "", "prediction": "cat", "reference": "dog"}, differences),
        ({"input": "The", "prediction": "The cat", "reference": "Die Katze"}, differences),
        ({"input": "a", "prediction": "a", "reference": "a", "probabilities": {"a": 1.0}}, whole),
    ],
)
def test_how_texts_are_compared_depends_on_what_they_are(line, compare):
    assert comparison_of(line) is compare


def test_a_model_goes_on_where_all_its_answers_do():
    went_on = {"input": "The", "prediction": "The cat", "reference": "The dog"}
    assert are_continuations([went_on, {"input": "", "prediction": "cat", "reference": "dog"}])
    kept = {"input": "2019-05-03", "prediction": "2019-05-03", "reference": "2019-05-03"}
    assert not are_continuations([kept, {"input": "1/2/19", "prediction": "2019", "reference": "2019-01-02"}])
    assert not are_continuations([])


def test_ways_to_go_on_are_not_marked():
    pieces = unmarked("The cat", "The dog")
    assert [[tuple(piece) for piece in text] for text in pieces] == [
        [("The cat", False)],
        [("The dog", False)],
    ]
