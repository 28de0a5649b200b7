import numpy as np

from kerasseq.data.layout import Aligned, MarkedTokens, OneValue, WordsAndCharacters


def test_tokens_stand_between_markers_and_are_padded_to_a_multiple():
    values, lengths = np.array([7, 8, 9, 5], np.uint16), np.array([3, 0, 1])
    batch = MarkedTokens().assemble(values, lengths, 4)
    expected = [[2, 7, 8, 9, 3, 0, 0, 0], [2, 3, 0, 0, 0, 0, 0, 0], [2, 5, 3, 0, 0, 0, 0, 0]]
    assert batch.dtype == np.int32 and batch.tolist() == expected
    assert MarkedTokens().widths(lengths, 4).tolist() == [8, 4, 4]


def test_one_value_has_no_time():
    layout = OneValue()
    batch = layout.assemble(np.array([4, 0, 1], np.uint16), np.ones(3, np.int32), 8)
    assert batch.dtype == np.int32 and batch.tolist() == [4, 0, 1]
    assert layout.spec.shape == (None,) and layout.widths(np.ones(2, np.int32), 8).tolist() == [1, 1]


def test_tags_are_aligned_and_padded_to_a_multiple():
    values, lengths = np.array([7, 8, 9, 5], np.uint16), np.array([3, 1])
    batch = Aligned().assemble(values, lengths, 4)
    assert batch.dtype == np.int32 and batch.tolist() == [[7, 8, 9, 0], [5, 0, 0, 0]]
    assert Aligned().widths(np.array([3, 4, 5]), 4).tolist() == [4, 4, 8]


def test_words_stand_beside_their_characters():
    values = np.array([[7, 4, 5, 0, 0], [8, 4, 0, 0, 0], [9, 6, 6, 6, 0]], np.uint16)
    batch = WordsAndCharacters().assemble(values, np.array([2, 1]), 2)
    assert batch["words"].tolist() == [[7, 8], [9, 0]]
    assert batch["characters"].tolist() == [
        [[2, 4, 5, 3, 0], [2, 4, 3, 0, 0]],
        [[2, 6, 6, 6, 3], [0, 0, 0, 0, 0]],
    ]
