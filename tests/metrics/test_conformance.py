"""Published and recorded scores of real systems, where the data lie beside the project."""

import json
import os
from pathlib import Path

import pytest

from kerasseq.metrics.bleu import Bleu
from kerasseq.metrics.chrf import Chrf
from kerasseq.metrics.rouge import Rouge

FOLDER = Path(os.environ.get("KERASSEQ_DATA", "no-data")) / "metric-conformance"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="KERASSEQ_DATA holds no metric-conformance")


def lines(name):
    return (FOLDER / name).read_text("utf-8").rstrip("\n").split("\n")


@pytest.fixture(scope="module")
def wmt17():
    expected = json.loads((FOLDER / "wmt17-en-de" / "expected-sacrebleu.json").read_text("utf-8"))["systems"]
    name = "newstest2017.uedin-nmt.4722.en-de.txt"
    references = [[line] for line in lines("wmt17-en-de/newstest2017.ref.de.txt")]
    return lines(f"wmt17-en-de/{name}"), references, expected[name]


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({}, "BLEU|13a"),
        ({"tokenize": "none"}, "BLEU|none"),
        ({"tokenize": "intl"}, "BLEU|intl"),
        ({"lowercase": True}, "BLEU|13a|lc"),
    ],
)
def test_bleu_of_a_wmt17_system(wmt17, options, key):
    predictions, references, expected = wmt17
    scores = Bleu(**options)(predictions, references)
    assert scores["bleu"] == pytest.approx(expected[key]["score"], abs=1e-6)
    assert scores["nltk_bleu"] == pytest.approx(expected[key]["score"], abs=0.05)


@pytest.mark.parametrize(("word_order", "key"), [(0, "chrF2"), (2, "chrF2++")])
def test_chrf_of_a_wmt17_system(wmt17, word_order, key):
    predictions, references, expected = wmt17
    assert Chrf(word_order=word_order)(predictions, references)["chrf"] == pytest.approx(
        expected[key], abs=1e-6
    )


def test_sacrebleus_own_cases():
    cases = json.loads((FOLDER / "sacrebleu-cases" / "cases.json").read_text("utf-8"))["cases"]
    ours = {"tokenize", "max_ngram_order"}
    cases = [case for case in cases if case["metric"] == "bleu" and set(case["options"]) <= ours]
    assert len(cases) == 11
    for case in cases:
        references = [list(one) for one in zip(*case["refs"], strict=True)]
        score = Bleu(**case["options"])(case["hyps"], references)["bleu"]
        assert score == pytest.approx(case["expected"], abs=case["tolerance"])


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_bleu_with_two_references(order):
    case = json.loads((FOLDER / "nlg-eval" / "expected.json").read_text("utf-8"))["cases"][0]
    references = [list(one) for one in zip(*case["refs"], strict=True)]
    scores = Bleu(tokenize="none", max_ngram_order=order)(case["hyp"], references)
    expected = 100 * case["expected"][f"Bleu_{order}"]
    assert scores == pytest.approx({"bleu": expected, "nltk_bleu": expected}, abs=1e-3)


@pytest.mark.parametrize("number", ["1", "2", "3"])
def test_rouge_of_dialogsum_summaries(number):
    expected = json.loads((FOLDER / "dialogsum-bart" / "expected.json").read_text("utf-8"))
    references = [[line] for line in lines(f"dialogsum-bart/ref.summary{number}.txt")]
    scores = Rouge(use_stemmer=True)(lines("dialogsum-bart/hyp.txt"), references)
    assert scores == pytest.approx(
        expected["computed_while_staging_plain_means"][f"summary{number}"], abs=1e-3
    )
    if number == "1":
        assert scores == pytest.approx(expected["published"], abs=0.1)
