import pytest

from kerasseq.report import formatting
from kerasseq.specs import lower_is_better


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("exact_match", 0.991, "99.1 %"),
        ("exact_match", 1.0, "100.0 %"),
        ("validation_teacher_forced_accuracy", 0.5, "50.0 %"),
        ("bleu", 31.2412, "31.24"),
        ("bleu", 50.0, "50.00"),
        ("bleu", 0.0, "0"),
        ("epoch", 3.0, "3"),
        ("perplexity", 123.456, "123.5"),
        ("loss", 0.48251, "0.483"),
        ("learning_rate", 0.0003, "0.0003"),
        ("loss", 1.2e-5, "1.2e-05"),
        ("tokens_per_second", 29_933.4, "29,933"),
        ("loss", float("nan"), "not a number"),
        ("loss", float("inf"), "infinite"),
        ("bleu", None, "–"),
        ("note", "text", "text"),
    ],
)
def test_metric(name, value, text):
    assert formatting.metric(name, value) == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("bleu", "BLEU"),
        ("nltk_bleu", "NLTK BLEU"),
        ("rouge1", "ROUGE-1"),
        ("rougeL", "ROUGE-L"),
        ("teacher_forced_accuracy", "Teacher-forced accuracy"),
        ("exact_match", "Exact match"),
        ("<b>", "<b>"),
    ],
)
def test_title(name, text):
    assert formatting.title(name) == text


def test_which_way_is_better():
    assert all(map(lower_is_better, ("loss", "validation_loss", "perplexity", "word_error_rate", "ter")))
    assert not any(map(lower_is_better, ("bleu", "accuracy", "exact_match", "meter")))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.84, "0.8 s"), (42.4, "42 s"), (59.7, "1 min 00 s"), (200, "3 min 20 s"), (3900, "1 h 05 min")],
)
def test_duration(seconds, text):
    assert formatting.duration(seconds) == text


def test_short():
    shown = [formatting.short(value) for value in (950, 12_300, 412_345, 4.1e6)]
    assert shown == ["950", "12.3 k", "412 k", "4.1 M"]
