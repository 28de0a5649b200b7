import numpy as np
import pytest

from kerasseq.data.features.ngram_text import NgramText
from kerasseq.data.ngrams import count_runs, ngram_log_probabilities
from kerasseq.errors import DataError
from kerasseq.registry import load

TEXTS = ["ONE TWO", "TWO", "ONE ONE"]


def learned(**options):
    feature = NgramText(**{"ngram_order": 3, **options})
    feature.learn(iter(TEXTS))
    return feature


def test_it_foresees_what_was_said():
    assert load("feature", "ngram_text") is NgramText
    feature = learned()
    prior, size = feature.prior, feature.vocabulary_size
    assert prior.shape == (size**2, size)
    expected = ngram_log_probabilities(*count_runs(feature.ids_of(TEXTS), 3), size)
    np.testing.assert_array_equal(prior, expected)
    n, e = (feature.vocabulary.index(letter) for letter in "NE")
    o = feature.vocabulary.index("O")
    assert prior[o * size + n].argmax() == e  # ON is followed by E


def test_it_comes_back_from_its_files(tmp_path):
    feature, again = learned(), NgramText(ngram_order=3)
    feature.save(tmp_path / "transcript.txt")
    again.load(tmp_path / "transcript.txt")
    assert again.vocabulary == feature.vocabulary
    np.testing.assert_array_equal(again.prior, feature.prior)


def test_the_order_decides_what_is_learned():
    options = [NgramText(ngram_order=order).vocabulary_options for order in (3, 4)]
    assert options[0] != options[1] and options[0]["type"] == "ngram_text"


def test_a_broken_file_is_named(tmp_path):
    learned().save(tmp_path / "transcript.txt")
    (tmp_path / "transcript.ngrams").write_text("2 2 4\t1\n2 4\t1\n")
    with pytest.raises(DataError, match="transcript.ngrams:2: expected 3 ids, a tab and a count, found '2 4"):
        NgramText(ngram_order=3).load(tmp_path / "transcript.txt")


def test_too_many_tokens_for_a_dense_table_are_refused():
    with pytest.raises(
        DataError, match=r"`ngram_order: 12` is too much for \d+ tokens\n  fix: lower it, or take"
    ):
        learned(ngram_order=12)
    with pytest.raises(ValueError, match="`ngram_order` must be positive. Received: ngram_order=0"):
        NgramText(ngram_order=0)
