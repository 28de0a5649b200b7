import pytest

from kerasseq.report.similarity import reference_of, similarity


def test_the_same_text_is_one_and_a_stranger_zero():
    assert similarity("", "") == similarity("abc", "abc") == 1.0
    assert similarity("abc", "xyz") == similarity("", "abc") == 0.0


def test_a_worked_example():
    # runs of 1: a b / a c share 1 of 2; runs of 2: ab / ac share none
    assert similarity("ab", "ac") == pytest.approx((0.5 + 0.0) / 2)


def test_it_is_symmetric_and_falls_with_each_mistake():
    right = "2019-05-03"
    values = [similarity(wrong, right) for wrong in (right, "2019-05-04", "2019-06-04", "1987-12-24")]
    assert values == sorted(values, reverse=True)
    assert similarity("abcd", "bcda") == similarity("bcda", "abcd") < 1


def test_of_several_references_the_nearest_is_shown():
    several = ["a man waits", "a dog runs fast", "two boys"]
    assert reference_of({"prediction": "a dog runs", "reference": several}) == "a dog runs fast"
    assert reference_of({"prediction": "a", "reference": "b"}) == "b"
    assert reference_of({"prediction": [1.0], "reference": [1.5, 2.0]}) == "[1.5, 2.0]"
    assert reference_of({}) == ""
