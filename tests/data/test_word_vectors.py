import gzip

import numpy as np
import pytest

from kerasseq.data.features.words import WordsFeature
from kerasseq.data.word_vectors import read_vectors
from kerasseq.errors import DataError
from kerasseq.specs import SPECIAL_TOKENS

VOCABULARY = [*SPECIAL_TOKENS, "the", "Rome", "NATO", "zyx", "Us"]
GLOVE = "the 1 2\nrome 3 4\nNato 5 6\nUS 7 8\nus 9 9\nextra 0 1\n. . 4 4\n"


@pytest.fixture
def write(tmp_path):
    def write_file(text, name="vectors.txt"):
        path = tmp_path / name
        path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
        return path

    return write_file


def _read(path, **options):
    return read_vectors(path, **{"vocabulary": VOCABULARY, "extra_words": 0, "lowercase": False, **options})


@pytest.mark.parametrize(
    ("text", "name"),
    [(GLOVE, "a.txt"), ("7 2\n" + GLOVE.replace("\n", " \n"), "a.vec"), (GLOVE, "a.txt.gz")],
    ids=["glove", "word2vec", "gzip"],
)
def test_words_take_their_vector_or_that_of_another_case(write, text, name):
    extra, table = _read(write(text, name))
    assert extra == [] and table.shape == (9, 2) and table.dtype == np.float32
    assert np.all(np.isnan(table[[0, 1, 2, 3, 7]]))
    np.testing.assert_array_equal(table[[4, 5, 6, 8]], [[1, 2], [3, 4], [5, 6], [9, 9]])


def test_words_of_the_file_alone_are_taken_from_its_beginning(write):
    extra, table = _read(write(GLOVE), extra_words=3)
    assert extra == ["rome", "Nato", "US"]
    np.testing.assert_array_equal(table[-3:], [[3, 4], [5, 6], [7, 8]])
    extra, _ = _read(write(GLOVE), extra_words=9, lowercase=True, vocabulary=[*SPECIAL_TOKENS, "the", "us"])
    assert extra == ["rome", "nato", "extra", ". ."]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a 1 2\nb 1\n", 2, "expected a word and 2 numbers, found 2 cells"),
        ("a\n", 1, "expected a word and 1 numbers, found 1 cells"),
        ("a 1 2\nthe 1 x\n", 2, "a number cannot be read: could not convert string to float: 'x'"),
    ],
)
def test_a_line_that_cannot_be_used_is_named(write, text, line, message):
    path = write(text)
    with pytest.raises(DataError) as error:
        _read(path)
    assert f"{path}:{line}: {message}" in str(error.value)


def test_a_file_without_vectors_is_told(write):
    with pytest.raises(DataError, match="the file holds no word vectors"):
        _read(write(""))


def test_a_feature_learns_keeps_and_tells_them(write, tmp_path):
    path = write(GLOVE)
    feature = WordsFeature(vectors=path.name, extra_words=2)
    assert feature.files([tmp_path]) == [path]
    feature.learn(["the cat", "Rome"])
    assert feature.vocabulary[4:] == ["Rome", "cat", "the", "rome", "Nato"]
    assert feature.vectors.shape == (9, 2) and np.isnan(feature.vectors[5, 0])
    assert feature.notes == ["4 of 5 words have a ready vector; 1 do not"]
    feature.save(tmp_path / "tokens.txt")
    again = WordsFeature(vectors=path.name, extra_words=2)
    again.load(tmp_path / "tokens.txt")
    np.testing.assert_array_equal(again.vectors, feature.vectors)
    assert again.checksum == feature.checksum and again.encode(["Nato"])["words"].numpy().tolist() == [[8]]
    assert again.options != WordsFeature().options


def test_without_a_file_there_are_none():
    feature = WordsFeature()
    feature.learn(["a b"])
    assert feature.files([]) == [] and feature.vectors is None and feature.notes == []


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(DataError, match="`data.features.tokens.vectors` is not there: none.txt"):
        WordsFeature(vectors="none.txt").files([tmp_path])
