import pytest

from kerasseq.metrics.degeneration import Degeneration


def test_counts_texts_that_repeat_an_n_gram():
    predictions = ["là là là là", "a b c a b c", "a b a b a", "a b a b", "là là là", ""]
    references = [["a b c"], ["a b c"], ["x"], ["y"], ["z"], ["a a a a"]]
    assert Degeneration()(predictions, references) == pytest.approx(
        {"repetition": 3 / 6, "distinct": 1.0, "reference_repetition": 1 / 6, "reference_distinct": 5 / 6}
    )


def test_the_same_text_for_every_input_is_seen():
    assert Degeneration()(["a man"] * 4, [["w"], ["x"], ["y"], ["z"]])["distinct"] == 0.25


def test_the_order_may_be_chosen():
    predictions, references = ["a b a"], [["a"]]
    assert Degeneration(order=1)(predictions, references)["repetition"] == 1.0
    assert Degeneration(order=2)(predictions, references)["repetition"] == 0.0


def test_rejects_an_order_out_of_range():
    with pytest.raises(ValueError, match="`order` must be positive. Received: order=0"):
        Degeneration(order=0)
