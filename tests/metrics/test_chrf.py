import pytest

from kerasseq.metrics.chrf import Chrf


def test_is_the_f_score_of_the_mean_precision_and_recall():
    # Of "abc" and "abd" 2 of 3 characters, 1 of 2 bigrams and no trigram agree.
    assert Chrf()(["abc"], [["abd"]])["chrf"] == pytest.approx(100 * (2 / 3 + 1 / 2 + 0) / 3)


def test_recall_weighs_more():
    assert Chrf()(["abcdefgh"], [["abcd"]])["chrf"] > Chrf()(["abcd"], [["abcdefgh"]])["chrf"]


def test_how_much_more_recall_weighs_may_be_set():
    # Characters alone: 4 of 8 are right, and all 4 are found.
    for beta in (1, 2, 3):
        metric = Chrf(char_order=1, beta=beta)
        wanted = 100 * (1 + beta**2) * 0.5 / (beta**2 * 0.5 + 1)
        assert metric(["abcdefgh"], [["abcd"]])["chrf"] == pytest.approx(wanted)
        assert metric.signature["chrf"].endswith(f"|beta:{beta}") == (beta != 2)


def test_orders_that_a_text_is_too_short_for_may_count():
    assert Chrf(eps_smoothing=True)(["a"], [["a"]])["chrf"] == pytest.approx(100 / 6)
    assert Chrf()(["a"], [["a"]])["chrf"] == pytest.approx(100.0)


def test_words_may_count_as_well():
    predictions, references = ["the cats sat"], [["the cat sat"]]
    assert Chrf(word_order=2)(predictions, references)["chrf"] < Chrf()(predictions, references)["chrf"]


def test_the_best_of_several_references_counts():
    alone = Chrf()(["the cat"], [["the cat"]])
    assert Chrf()(["the cat"], [["a dog", "the cat"]]) == pytest.approx(alone)


def test_case_may_be_ignored():
    assert Chrf(lowercase=True)(["ABC"], [["abc"]])["chrf"] == pytest.approx(100.0)


def test_the_signature_is_sacrebleus():
    metric = Chrf(word_order=2)
    metric(["a"], [["a"]])
    assert metric.signature["chrf"].startswith("nrefs:1|case:mixed|eff:yes|nc:6|nw:2|space:no|version:")


def test_rejects_arguments_out_of_range():
    with pytest.raises(ValueError, match="`char_order` must be positive. Received: char_order=0"):
        Chrf(char_order=0)
    with pytest.raises(ValueError, match="`beta` must be positive. Received: beta=0"):
        Chrf(beta=0)
    with pytest.raises(ValueError, match="`word_order` must be >= 0. Received: word_order=-1"):
        Chrf(word_order=-1)
