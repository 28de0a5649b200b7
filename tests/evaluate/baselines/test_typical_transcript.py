import numpy as np

from kerasseq.evaluate.baselines.typical_transcript import TypicalTranscript, num_errors
from kerasseq.registry import load

TEXTS = ["one two three", "one two", "two", "four five six seven eight nine"]


def test_the_nearest_to_all_is_the_answer():
    assert load("baseline", "typical_transcript") is TypicalTranscript
    table = np.array([[num_errors(a.split(), b.split()) for b in TEXTS] for a in TEXTS])
    np.testing.assert_array_equal(table, table.T)
    np.testing.assert_array_equal(table[0], [0, 1, 2, 6])
    assert TypicalTranscript()(["x"] * 4, TEXTS, ["a", "b"]) == [TEXTS[int(table.sum(0).argmin())]] * 2


def test_lists_of_references_count_alike():
    grouped = [TEXTS[:2], TEXTS[2:]]
    assert TypicalTranscript()(["x"] * 2, grouped, ["a"]) == TypicalTranscript()(["x"] * 4, TEXTS, ["a"])


def test_many_transcripts_take_no_longer():
    assert TypicalTranscript()(["x"] * 30000, ["a b c d"] * 30000, ["q"]) == ["a b c d"]


def test_words_are_replaced_put_in_and_taken_out():
    assert num_errors(["a", "b", "c"], ["a", "x", "c", "d"]) == 2
    assert num_errors([], ["a"]) == num_errors(["a"], []) == 1
