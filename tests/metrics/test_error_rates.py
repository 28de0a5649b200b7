import pytest

from kerasseq.errors import KerasseqError
from kerasseq.metrics.cer import CharacterErrorRate
from kerasseq.metrics.wer import WordErrorRate


@pytest.fixture
def jiwer():
    return pytest.importorskip("jiwer")


def by_dynamic_programming(right, said):
    """Levenshtein's distance of two sequences."""
    row = list(range(len(said) + 1))
    for index, wanted in enumerate(right, 1):
        diagonal, row[0] = row[0], index
        for place, given in enumerate(said, 1):
            diagonal, row[place] = (
                row[place],
                min(row[place] + 1, row[place - 1] + 1, diagonal + (wanted != given)),
            )
    return row[-1]


RIGHT = ["the cat sat on the mat", "a b c", "one two"]
SAID = ["the cat sit on mat", "a x c d", ""]


def test_words_are_counted_over_all_transcripts(jiwer):
    metric = WordErrorRate()
    errors = sum(by_dynamic_programming(r.split(), s.split()) for r, s in zip(RIGHT, SAID, strict=True))
    assert errors == 2 + 2 + 2
    assert metric(SAID, [[right] for right in RIGHT]) == {"wer": pytest.approx(100 * errors / 11)}
    assert metric.signature["wer"].startswith("case:mixed|unit:word|refs:nearest|jiwer:")
    assert metric.details["word_errors"] == {
        "hits": 6,
        "substitutions": 2,
        "deletions": 3,
        "insertions": 1,
        "confusions": [["b", "x", 1], ["sat", "sit", 1]],
    }


def test_characters_are_counted_over_all_transcripts(jiwer):
    metric = CharacterErrorRate()
    errors = sum(by_dynamic_programming(right, said) for right, said in zip(RIGHT, SAID, strict=True))
    found = metric(SAID, [[right] for right in RIGHT])
    assert found == {"cer": pytest.approx(100 * errors / sum(map(len, RIGHT)))}
    assert metric.details["character_errors"]["confusions"][0] in (["a", "i", 1], ["b", "x", 1])


def test_the_nearest_reference_counts(jiwer):
    assert WordErrorRate()(["a b"], [["c d e f", "a b c"]]) == {"wer": pytest.approx(100 / 3)}


def test_more_can_be_wrong_than_was_said(jiwer):
    assert WordErrorRate()(["a b c"], [["d"]]) == {"wer": 300.0}


def test_nothing_is_wrong_with_a_perfect_transcript(jiwer):
    assert WordErrorRate()(RIGHT, [[right] for right in RIGHT]) == {"wer": 0.0}


def test_predictions_and_references_must_match(jiwer):
    with pytest.raises(ValueError, match="`predictions` must not be empty"):
        WordErrorRate()([], [])


@pytest.mark.parametrize(("metric", "word"), [(WordErrorRate, "wer"), (CharacterErrorRate, "cer")])
def test_says_how_to_install_jiwer_when_it_is_made(metric, word, monkeypatch):
    monkeypatch.setattr("kerasseq.metrics.edits.find_spec", lambda name: None)
    with pytest.raises(KerasseqError) as caught:
        metric()
    assert str(caught.value) == (
        f"the metric `{word}` needs jiwer, which is not installed.\n"
        "  fix: python -m pip install 'kerasseq[speech]'"
    )
