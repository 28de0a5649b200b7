"""CIDEr-D, BLEU and ROUGE-L of captions: by hand, by their properties, and as published."""

import json
import math
import os
from pathlib import Path

import pytest

from kerasseq.metrics.caption_words import caption_words
from kerasseq.metrics.cider import Cider
from kerasseq.metrics.coco_bleu import CocoBleu
from kerasseq.metrics.coco_rouge import CocoRouge

FOLDER = Path(os.environ.get("KERASSEQ_DATA", "no-data")) / "coco-caption-example"
METRICS = [Cider, CocoBleu, CocoRouge]
each_metric = pytest.mark.parametrize("metric", METRICS)
REFERENCES = [
    ["a dog runs on the grass", "the brown dog is running"],
    ["two boys play football", "boys are playing with a ball", "two children run after a ball"],
    ["a man on a bike"],
]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("A dog, a cat; and (perhaps) 3 birds.", "a dog a cat and perhaps 3 birds"),
        ("The girl's close-up didn't work!", "the girl 's close-up did n't work"),
        ('Child #4 at 5:55 - "Hello"...', "child # 4 at 5:55 hello"),
        (" . ", ""),
    ],
)
def test_captions_become_words(text, words):
    assert caption_words(text, "ptb") == words.split()
    assert caption_words(words, "ptb") == words.split()
    assert caption_words(text, "none") == text.split()


def test_cider_by_hand():
    # 2 pictures: `a` stands in both and weighs log(2/2) = 0, everything else log 2.
    references = [["a red dog"], ["a cat"]]
    found = Cider()(["a dog", "a cat"], references)["cider"]
    # order 1: |a dog| = log 2, |a red dog| = sqrt(2) log 2, shared: dog. The higher orders share nothing.
    first = 10 * (1 / math.sqrt(2)) / 4 * math.exp(-(1**2) / (2 * 6**2))
    second = 10 * (1 + 1) / 4  # orders 1 and 2; there are no longer runs
    assert found == pytest.approx((first + second) / 2, abs=1e-12)


def test_cider_counts_a_word_as_often_as_the_reference_has_it():
    references = [["dog bone"], ["a cat"]]
    once, thrice = (Cider(sigma=1e6)([said, "a cat"], references)["cider"] for said in ("dog", "dog dog dog"))
    assert thrice == pytest.approx(once / 3 + 5 * (1 - 1 / 3) / 2)
    assert Cider(sigma=0.5)(["dog dog dog", "a cat"], references)["cider"] < thrice


@each_metric
def test_the_reference_itself_is_best_and_nothing_shared_is_nothing(metric):
    single = [several[:1] for several in REFERENCES]
    said = [several[0] for several in single]
    exact = metric()(said, single)
    best = 10 * (3 - 1e-9) / 3 if metric is Cider else 100
    for name in metric.names:
        assert exact[name] == pytest.approx(best, rel=0.2 if metric is Cider else 1e-6)
    other = metric()(["zebra zoo", "zebra", ""], single)
    assert all(other[name] == pytest.approx(0, abs=1e-2) for name in metric.names)
    assert tuple(exact) == metric.names and set(metric().signature) == set(metric.names)


@each_metric
def test_every_reference_counts(metric):
    said = ["the brown dog runs", "two boys run after a ball", "a man"]
    several = metric()(said, REFERENCES)
    turned = metric()(said, [list(reversed(one)) for one in REFERENCES])
    assert several == pytest.approx(turned)
    assert several != pytest.approx(metric()(said, [one[:1] for one in REFERENCES]))


def test_bleu_takes_the_nearest_length():
    # 4 words; references of 3 and 5 words are as near, and the shorter one counts: no brevity penalty.
    scores = CocoBleu()(["a b c d"], [["a b c", "a b c d e"]])
    assert scores["coco_bleu_1"] == pytest.approx(100)
    short = CocoBleu()(["a b"], [["a b c d"]])
    assert short["coco_bleu_1"] == pytest.approx(100 * math.exp(1 - 4 / 2))
    assert CocoBleu()([""], [["a b"]])["coco_bleu_1"] == 0


def test_rouge_by_hand():
    # lcs(a b d c, a b c) = 3: P = 3/4, R = 1.
    found = CocoRouge()(["a b d c"], [["a b c", "x"]])["coco_rouge_l"]
    assert found == pytest.approx(100 * (1 + 1.44) * 0.75 / (1 + 1.44 * 0.75))


@each_metric
def test_what_cannot_be_scored_is_refused(metric):
    with pytest.raises(ValueError, match="`tokenize` must be one of 'ptb', 'none'. Received: tokenize='13a'"):
        metric(tokenize="13a")
    with pytest.raises(ValueError, match="`predictions` must not be empty"):
        metric()([], [])


def test_sigma_is_positive():
    with pytest.raises(ValueError, match="`sigma` must be positive. Received: sigma=0"):
        Cider(sigma=0)


@pytest.mark.skipif(not FOLDER.is_dir(), reason="KERASSEQ_DATA holds no coco-caption-example")
def test_the_published_scores_of_the_coco_example():
    right, said, expected = (
        json.loads((FOLDER / f"{name}.json").read_text("utf-8")) for name in ("gts", "res", "expected")
    )
    published = expected["published_full_precision"]
    predictions, references = [said[picture][0] for picture in right], list(right.values())
    found = {}
    for metric in METRICS:
        found |= metric(tokenize="none")(predictions, references)
    assert found["cider"] == pytest.approx(published["CIDEr"], abs=1e-13)
    assert found["coco_rouge_l"] / 100 == pytest.approx(published["ROUGE_L"], abs=1e-13)
    for order in range(1, 5):
        assert found[f"coco_bleu_{order}"] / 100 == pytest.approx(published[f"Bleu_{order}"], abs=1e-13)
    near = {}
    for metric in METRICS:
        near |= metric()(predictions, references)  # what is tokenized already stays, but for abbreviations
    assert near == pytest.approx(found, rel=1e-3)
