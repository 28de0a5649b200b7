import pytest

from kerasseq import registry
from kerasseq.metrics.corpus import check_corpus, reference_streams

OF_TEXT = ["bleu", "chrf", "degeneration", "exact_match", "rouge"]
OF_LOGITS = ["perplexity", "token_accuracy"]


def test_every_metric_says_what_it_reads():
    assert {name for name in registry.names("metric") if registry.load("metric", name).from_text} >= {
        *OF_TEXT
    }
    assert {name for name in OF_LOGITS if not registry.load("metric", name).from_text} == {*OF_LOGITS}


@pytest.mark.parametrize("name", OF_TEXT)
@pytest.mark.parametrize(
    ("predictions", "references", "message"),
    [
        ([], [], "`predictions` must not be empty. Received: predictions=[]"),
        (
            ["a", "b"],
            [["a"]],
            "`references` must hold a list for each prediction. Received: 1 lists for 2 predictions",
        ),
        (
            ["a", "b"],
            [["a"], []],
            "`references` must hold a list of one string or more for each prediction. "
            "Received: references[1]=[]",
        ),
        (
            ["a"],
            ["b"],
            "`references` must hold a list of one string or more for each prediction. "
            "Received: references[0]='b'",
        ),
    ],
)
def test_every_metric_of_texts_rejects_what_cannot_be_scored(name, predictions, references, message):
    with pytest.raises(ValueError) as caught:
        registry.load("metric", name)()(predictions, references)
    assert str(caught.value) == message


@pytest.mark.parametrize("name", OF_TEXT)
def test_every_score_of_a_right_text_is_at_its_best_and_has_a_signature(name):
    metric = registry.load("metric", name)()
    text = "the man had just bitten the dog"
    scores = metric([text], [["another", text]])
    best = 1.0 if name in ("exact_match", "degeneration") else 100.0
    for key, score in scores.items():
        assert score == pytest.approx(0.0 if "repetition" in key else best)
    assert set(metric.signature) <= set(scores)
    assert metric.signature


@pytest.mark.parametrize("name", OF_TEXT)
def test_every_metric_of_texts_takes_empty_predictions(name):
    scores = registry.load("metric", name)()(["", ""], [["a b c"], ["d e", "f"]])
    assert all(0.0 <= score <= 1.0 for score in scores.values())


def test_streams_are_filled_up_with_none():
    assert reference_streams([["a", "b"], ["c"]]) == [["a", "c"], ["b", None]]


def test_a_good_corpus_passes():
    check_corpus(["a"], [["b", "c"]])
