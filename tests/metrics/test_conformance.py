"""Published and recorded scores of real systems, where the data lie beside the project."""

import json
import os
from pathlib import Path

import pytest

from kerasseq.metrics.bleu import Bleu
from kerasseq.metrics.chrf import Chrf
from kerasseq.metrics.rouge import Rouge

DATA = Path(os.environ.get("KERASSEQ_DATA", "no-data"))
FOLDER = DATA / "metric-conformance"
CAPTIONS = DATA / "coco-caption-example"
SYSTEMS = {
    "C-3MA": "C-3MA.4959",
    "LIUM-NMT": "LIUM-NMT.4900",
    "LMU-nmt-single": "LMU-nmt-single.4893",
    "PROMT": "PROMT-Rule-based.4735",
    "online-B": "online-B.0",
    "uedin-nmt": "uedin-nmt.4722",
}
BLEU_OPTIONS = {
    "BLEU|13a": {},
    "BLEU|none": {"tokenize": "none"},
    "BLEU|intl": {"tokenize": "intl"},
    "BLEU|13a|lc": {"lowercase": True},
}
CHRF_OPTIONS = {"chrF2": {}, "chrF2++": {"word_order": 2}}
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="KERASSEQ_DATA holds no metric-conformance")


def lines(name):
    return (FOLDER / name).read_text("utf-8").rstrip("\n").split("\n")


def corpus(case):
    """Hypotheses, and references of each: a case has the k-th reference of all in its k-th list."""
    return case.get("hyp", case.get("hyps")), [list(one) for one in zip(*case["refs"], strict=True)]


def cases_of(*metrics):
    cases = json.loads((FOLDER / "sacrebleu-cases" / "cases.json").read_text("utf-8"))["cases"]
    return [case for case in cases if case["metric"] in metrics]


@pytest.fixture(scope="module")
def wmt17():
    expected = json.loads((FOLDER / "wmt17-en-de" / "expected-sacrebleu.json").read_text("utf-8"))["systems"]
    references = [[line] for line in lines("wmt17-en-de/newstest2017.ref.de.txt")]
    assert len(references) == 3_004
    return expected, references


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("key", BLEU_OPTIONS)
def test_bleu_of_a_wmt17_system(wmt17, system, key):
    name = f"newstest2017.{SYSTEMS[system]}.en-de.txt"
    expected = wmt17[0][name][key]["score"]
    scores = Bleu(**BLEU_OPTIONS[key])(lines(f"wmt17-en-de/{name}"), wmt17[1])
    assert scores["bleu"] == pytest.approx(expected, rel=1e-12)
    assert scores["nltk_bleu"] == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("key", CHRF_OPTIONS)
def test_chrf_of_a_wmt17_system(wmt17, system, key):
    name = f"newstest2017.{SYSTEMS[system]}.en-de.txt"
    score = Chrf(**CHRF_OPTIONS[key])(lines(f"wmt17-en-de/{name}"), wmt17[1])["chrf"]
    assert score == pytest.approx(wmt17[0][name][key], rel=1e-12)


def test_every_wmt17_system_is_held(wmt17):
    names = {f"newstest2017.{name}.en-de.txt" for name in SYSTEMS.values()}
    assert names == set(wmt17[0])
    assert {key for scores in wmt17[0].values() for key in scores} == {*BLEU_OPTIONS, *CHRF_OPTIONS}


def test_sacrebleus_own_cases_of_bleu():
    ours = {"smooth_method": "smoothing", "smooth_value": "smoothing_value"}
    cases = cases_of("bleu", "sentence_bleu")
    assert len(cases) == 25
    for case in cases:
        # Of these sentences every order has an n-gram: the effective order is 4.
        options = {ours.get(name, name): value for name, value in case["options"].items()}
        options.pop("effective_order", None)
        score = Bleu(**options)(*corpus(case))["bleu"]
        assert score == pytest.approx(case["expected"], abs=case["tolerance"]), case


def test_sacrebleus_own_cases_of_chrf():
    cases = cases_of("chrf")
    assert len(cases) == 20
    for case in cases:
        score = Chrf(**case["options"])(*corpus(case))["chrf"]
        assert score == pytest.approx(case["expected"], abs=case["tolerance"]), case


def test_nlg_evals_own_cases_of_bleu():
    held = 0
    for case in json.loads((FOLDER / "nlg-eval" / "expected.json").read_text("utf-8"))["cases"]:
        for order in (1, 2, 3, 4):
            scores = Bleu(tokenize="none", max_ngram_order=order)(*corpus(case))
            expected = 100 * case["expected"].get(f"Bleu_{order}", 0.0)
            # Where an order has no match, nlg-eval's is a tiny number, NLTK's 0 and sacreBLEU's smoothed.
            if expected > 0.01:
                assert scores["bleu"] == pytest.approx(expected, abs=1e-3)
                held += 1
            assert scores["nltk_bleu"] == pytest.approx(expected, abs=0.01 if expected < 0.01 else 1e-3)
    assert held == 10


@pytest.mark.skipif(not CAPTIONS.is_dir(), reason="KERASSEQ_DATA holds no coco-caption-example")
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_bleu_of_the_coco_captions(order):
    read = {
        name: json.loads((CAPTIONS / f"{name}.json").read_text("utf-8"))
        for name in ("gts", "res", "expected")
    }
    predictions = [captions[0] for captions in read["res"].values()]
    references = [read["gts"][image] for image in read["res"]]
    assert len(predictions) == read["expected"]["n_images"]
    scores = Bleu(tokenize="none", max_ngram_order=order)(predictions, references)
    expected = 100 * read["expected"]["published_full_precision"][f"Bleu_{order}"]
    # The published figures have a tiny number added to every count.
    assert scores == pytest.approx({"bleu": expected, "nltk_bleu": expected}, rel=1e-8)


@pytest.mark.parametrize("number", ["1", "2", "3"])
def test_rouge_of_dialogsum_summaries(number):
    expected = json.loads((FOLDER / "dialogsum-bart" / "expected.json").read_text("utf-8"))
    references = [[line] for line in lines(f"dialogsum-bart/ref.summary{number}.txt")]
    scores = Rouge(use_stemmer=True)(lines("dialogsum-bart/hyp.txt"), references)
    assert scores == pytest.approx(
        expected["computed_while_staging_plain_means"][f"summary{number}"], abs=6e-5
    )
    if number == "1":
        assert scores == pytest.approx(expected["published"], abs=0.1)
