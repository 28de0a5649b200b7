import itertools
import math
from collections import Counter
from types import SimpleNamespace

import numpy as np
import pytest
from nltk.lm.models import KneserNeyInterpolated

from kerasseq.evaluate.baseline import measure_baselines
from kerasseq.evaluate.baselines.kneser_ney import KneserNey, distinct_runs, estimated_discount, fitted
from tests.models.language_model_toys import TASK

TEXTS = ["abab", "abcab", "b", "cabba", "ab"]
LABELS = [1, 3, *range(4, 11)]  # unknown, `</s>` and seven letters


def _documents(texts):
    return [np.array([2, *(ord(letter) - ord("a") + 4 for letter in text), 3], "uint16") for text in texts]


def _split(texts):
    return SimpleNamespace(
        documents=lambda: iter(_documents(texts)), num_tokens=lambda field: sum(map(len, texts))
    )


def _measured(training, texts, **options):
    return KneserNey(**options)(task=TASK, training=_split(training), split=_split(texts))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("discount", [None, 0.75])
def test_the_probabilities_of_all_labels_sum_to_one(order, discount):
    model = fitted(_documents(TEXTS), order=order, discount=discount, num_labels=len(LABELS))
    for context in itertools.product([2, 4, 5, 10], repeat=order - 1):
        found = [model.unmasked_score(label, context) for label in LABELS]
        assert min(found) > 0
        assert sum(found) == pytest.approx(1.0)


@pytest.mark.parametrize("order", [2, 3])
def test_its_parts_are_those_of_nltks_own_model(order):
    ours = fitted(_documents(TEXTS), order=order, discount=0.4, num_labels=len(LABELS))
    theirs = KneserNeyInterpolated(order, discount=0.4)
    for document in _documents(TEXTS):
        read = [2] * (order - 2) + document.tolist()
        grams = (
            tuple(read[end - length : end])
            for length in range(1, order + 1)
            for end in range(length, len(read) + 1)
        )
        theirs.counts.update([[gram for gram in grams if gram[-1] != 2]])
    contexts = {context[start:] for context in list(ours.counts[order]) for start in range(order - 1)}
    assert len(contexts) == {2: 4, 3: 13}[order]
    for context, label in itertools.product(contexts, LABELS):
        expected = theirs.estimator.alpha_gamma(label, context)
        assert ours.estimator.alpha_gamma(label, context) == pytest.approx(expected)
    ours.estimator.discounts[1] = 0.0  # theirs leaves nothing to tokens that training does not have
    for context, label in itertools.product(contexts, [3, 4, 5, 6]):
        assert ours.unmasked_score(label, context) == pytest.approx(theirs.unmasked_score(label, context))


def test_a_token_counts_by_how_many_others_it_follows():
    # Behind one letter each stand "b", three times, and "c" and "d"; "</s>" stands behind all three.
    model = fitted(_documents(["ab", "ab", "ab", "ac", "bd"]), order=2, discount=0.5, num_labels=len(LABELS))
    followed = Counter({"a": 1, "b": 2, "c": 1, "d": 1, "</s>": 3})
    total, left = sum(followed.values()), 0.5 * len(followed) / sum(followed.values()) / len(LABELS)
    for letter, number in (("a", 1), ("b", 2), ("c", 1), ("d", 1)):
        token = ord(letter) - ord("a") + 4
        assert model.unmasked_score(token, ()) == pytest.approx((number - 0.5) / total + left)


def test_a_trigram_worked_by_hand():
    # Of "ab", "ab", "aa": P(b | <s> a) = (2 - D) / 3 + 2 D / 3 P(b | a), and so on.
    model = fitted(_documents(["ab", "ab", "aa"]), order=3, discount=0.5, num_labels=len(LABELS))
    unigram = (1 - 0.5) / 5 + 0.5 * 3 / 5 / len(LABELS)  # b after a; a after <s> and a; </s> after b and a
    bigram = (1 - 0.5) / 3 + 0.5 * 3 / 3 * unigram  # behind "a" stand b, a and </s>, each after one token
    assert model.unmasked_score(5, (2, 4)) == pytest.approx((2 - 0.5) / 3 + 0.5 * 2 / 3 * bigram)


def test_the_figures_are_the_networks_over_the_same_tokens():
    found = _measured(TEXTS, ["abc", "", "b"])
    model = fitted(_documents(TEXTS), order=3, discount=None, num_labels=len(LABELS))
    log_probability, labels = 0.0, 0
    for document in _documents(["abc", "", "b"]):
        read = [2, *document.tolist()]
        for place in range(2, len(read)):
            log_probability += math.log(model.unmasked_score(read[place], tuple(read[place - 2 : place])))
            labels += 1
    assert labels == 4 + 3
    assert found == pytest.approx(
        {
            "loss": -log_probability / labels,
            "perplexity": math.exp(-log_probability / labels),
            "bits_per_character": -log_probability / labels / math.log(2),
        }
    )


def test_what_training_does_not_have_is_finite():
    assert math.isfinite(_measured(["aaaa"], ["gfe"])["perplexity"])


def test_more_of_the_past_tells_more():
    texts = ["abcabcabc"] * 3
    losses = [_measured(texts, texts, order=order)["loss"] for order in (1, 2, 3)]
    assert losses[0] > losses[1] > losses[2] > 0


def test_runs_end_with_labels_and_stay_in_their_document():
    runs, times = distinct_runs(_documents(["ab", "a"]), 3)
    assert dict(zip(runs, times, strict=True)) == {
        (2, 2, 4): 2, (2, 4, 5): 1, (4, 5, 3): 1, (2, 4, 3): 1,
    }  # fmt: skip
    runs, times = distinct_runs(_documents(["ab", "a"]), 1)
    assert dict(zip(runs, times, strict=True)) == {(3,): 2, (4,): 2, (5,): 1}


@pytest.mark.parametrize(
    ("times", "discount"),
    [([1, 1, 2, 5], 0.5), ([1] * 9 + [2], 9 / 11), ([1, 1, 3], 0.9), ([2, 2, 3], 0.1), ([4], 0.1)],
)
def test_the_discount_is_estimated(times, discount):
    assert estimated_discount(times) == pytest.approx(discount)


def test_too_many_tokens_are_left_out():
    found = measure_baselines(
        ["kneser_ney", {"type": "kneser_ney", "most_tokens": 3}],
        task=TASK,
        training=_split(["abcd"]),
        split=_split(["ab"]),
        metrics=[],
    )
    assert found == {"kneser_ney": {"missing": "4 training tokens, more than `most_tokens` (3)"}}


def test_rejects_arguments_out_of_range():
    for name, value, must in (
        ("order", 0, "positive"),
        ("most_tokens", 0, "positive"),
        ("discount", 2, ">= 0 and <= 1"),
    ):
        with pytest.raises(ValueError, match=f"`{name}` must be {must}. Received: {name}={value}"):
            KneserNey(**{name: value})
