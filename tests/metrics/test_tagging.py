"""Tags and spans: published and hand-computed scores, by tag and by type, and what is refused."""

import pytest

from kerasseq.metrics.span_f1 import SpanF1
from kerasseq.metrics.tag_accuracy import TagAccuracy


def _texts(*sentences):
    return [sentence.replace(" ", "\t") for sentence in sentences]


def _references(*sentences):
    return [[text] for text in _texts(*sentences)]


def test_tags_are_counted_word_by_word():
    metric = TagAccuracy()
    found = metric(_texts("DET NOUN VERB", "NOUN"), _references("DET VERB VERB", "NOUN"))
    assert found == {"tag_accuracy": 0.75} and tuple(found) == metric.names
    assert metric.details["per_tag"] == {
        "DET": {"precision": 1, "recall": 1, "f1": 1, "words": 1, "taken_for": {}},
        "NOUN": {"precision": 0.5, "recall": 1, "f1": 2 / 3, "words": 1, "taken_for": {}},
        "VERB": {"precision": 1, "recall": 0.5, "f1": 2 / 3, "words": 2, "taken_for": {"NOUN": 1}},
    }


def test_spans_score_as_in_seqevals_own_example():
    metric = SpanF1()
    found = metric(
        _texts("O O B-MISC I-MISC I-MISC I-MISC O", "B-PER I-PER O"),
        _references("O O O B-MISC I-MISC I-MISC O", "B-PER I-PER O"),
    )
    assert found == {"span_f1": 0.5, "span_precision": 0.5, "span_recall": 0.5}
    assert tuple(found) == metric.names
    assert metric.details["per_span"] == {
        "MISC": {"precision": 0, "recall": 0, "f1": 0, "spans": 1, "predicted": 1, "right": 0},
        "PER": {"precision": 1, "recall": 1, "f1": 1, "spans": 1, "predicted": 1, "right": 1},
    }


def test_schemes_may_differ():
    found = SpanF1()(_texts("I-PER I-PER B-PER O S-LOC"), _references("B-PER I-PER B-PER O B-LOC"))
    assert found["span_f1"] == 1


def test_precision_and_recall_have_the_right_sides():
    found = SpanF1()(_texts("B-A B-B B-B O"), _references("B-A O O B-A"))
    assert found == {"span_f1": 2 / 5, "span_precision": 1 / 3, "span_recall": 1 / 2}


def test_a_share_of_nothing_is_nothing():
    assert SpanF1()(_texts("O O"), _references("O O"))["span_f1"] == 0
    assert SpanF1()(_texts("O B-A"), _references("O O"))["span_recall"] == 0


@pytest.mark.parametrize("metric", [TagAccuracy(), SpanF1()])
def test_a_tag_for_each_word(metric):
    with pytest.raises(ValueError, match="must hold a tag for each word. Received: 1 for 2 words: 'O'"):
        metric(["O"], [["O\tO"]])
    with pytest.raises(ValueError, match="`predictions` must not be empty"):
        metric([], [])


def test_spans_need_tags_of_spans():
    with pytest.raises(ValueError, match="Received: 'NOUN'"):
        SpanF1()(["NOUN"], [["O"]])
