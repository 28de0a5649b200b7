import pytest

from kerasseq.metrics.rouge import Rouge

PREDICTION = "The quick brown dog jumps on the log."
REFERENCE = "The quick brown fox jumps over the lazy dog"


def test_is_the_worked_example():
    # 8 and 9 words: 6 in common; 7 and 8 bigrams: 2; "the quick brown jumps the" is the longest in order.
    assert Rouge()([PREDICTION], [[REFERENCE]]) == pytest.approx(
        {"rouge1": 100 * 12 / 17, "rouge2": 100 * 4 / 15, "rougeL": 100 * 10 / 17}
    )


def test_the_best_reference_counts_for_each_score():
    alone = Rouge()([PREDICTION], [[REFERENCE]])
    assert Rouge()([PREDICTION], [["nothing of it", REFERENCE, "brown"]]) == pytest.approx(alone)


def test_is_the_mean_over_the_corpus():
    one, other = Rouge()([PREDICTION], [[REFERENCE]]), Rouge()(["a cat"], [["a cat sat"]])
    both = Rouge()([PREDICTION, "a cat"], [[REFERENCE], ["a cat sat"]])
    assert both == pytest.approx({name: (one[name] + other[name]) / 2 for name in one})


def test_stems_may_count_as_the_same_word():
    assert Rouge()(["he jumps"], [["he jumped"]])["rouge1"] == pytest.approx(50.0)
    metric = Rouge(use_stemmer=True)
    assert metric(["he jumps"], [["he jumped"]])["rouge1"] == pytest.approx(100.0)
    assert "stemmer:porter" in metric.signature["rougeL"]
