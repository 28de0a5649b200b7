import numpy as np
import pytest

from kerasseq import registry
from kerasseq.data.features.open_text import OpenText
from kerasseq.data.features.text import TextFeature
from kerasseq.data.token_cache import Encoder

TEXTS = ["the cat saw Zoë", "Zoë saw: Zoë!"]


def _feature(**options):
    feature = OpenText(tokenizer={"type": "word", "minimum_frequency": 2}, **options)
    feature.learn(["the cat saw the cat saw", "saw the"])
    return feature


def test_known_words_have_the_ids_of_text():
    feature, plain = _feature(), TextFeature(tokenizer={"type": "word", "minimum_frequency": 2})
    plain.tokenizer.set_vocabulary(feature.vocabulary)
    ids, closed = feature.encode(["the cat saw"])["ids"], plain.encode(["the cat saw"])
    np.testing.assert_array_equal(ids, closed)


def test_an_unknown_word_is_the_same_everywhere_and_another_is_not():
    ids = np.asarray(_feature().encode([*TEXTS, "Zoe"])["ids"])
    size, zoe = _feature().vocabulary_size, ids[0, 4]
    assert zoe >= size and ids[1, [1, 4]].tolist() == [zoe, zoe]  # a mark behind it is a word of its own
    words = [word for row in ids for word in row if word >= size]
    assert len(set(words)) == 4 and words.count(zoe) == 3


def test_prepared_values_tell_unknown_words_by_the_id_and_apart():
    feature = _feature()
    values, ends = Encoder(feature)(TEXTS)
    assert values.shape == (9, 2) and values.dtype == "int32" and ends.tolist() == [4, 9]
    is_unknown = values[:, 0] == 1
    assert is_unknown.tolist() == [False, False, False, True, True, False, True, True, True]
    assert np.all(values[is_unknown, 1] >= feature.vocabulary_size)
    batch = feature.layout.assemble(values, np.array([4, 5]), 1)
    np.testing.assert_array_equal(batch["ids"], feature.encode(TEXTS)["ids"])
    assert batch["text"].tolist() == ["", ""]


def test_words_are_those_of_the_text_as_they_stand_there():
    words = _feature().words(TEXTS).to_list()
    assert [word.decode() for word in words[0]] == ["the", "cat", "saw", "Zoë", "</s>"]


def test_decoding_takes_words_from_their_places():
    feature = _feature()
    size, the = feature.vocabulary_size, feature.vocabulary.index("the")
    ids = np.array([[[the, size + 3, 3, 9]], [[size + 3, size + 4, the, 0]]])  # (batch, n_best, time)
    texts = feature.decode(ids, TEXTS).numpy()
    assert texts.shape == (2, 1)
    assert [text.decode() for text in texts[:, 0]] == ["the Zoë", "Zoë! the"]


def test_a_word_that_looks_like_a_marker_is_a_word():
    feature = OpenText(tokenizer={"type": "word", "split_punctuation": False})
    feature.learn(["the"])
    size, text = feature.vocabulary_size, ["</s> the"]
    assert np.asarray(feature.encode(text)["ids"])[0, 1] >= size
    assert feature.decode(np.array([[size, size + 1, 3]]), text).numpy()[0].decode() == "</s> the"


def test_text_is_cut_where_it_is_to_be_cut():
    feature = _feature(max_length=2, truncate=True)
    assert np.asarray(feature.encode(TEXTS)["ids"]).shape == (2, 4)
    assert [len(row) for row in feature.words(TEXTS).to_list()] == [3, 3]
    assert Encoder(feature)(TEXTS)[1].tolist() == [2, 4]


@pytest.mark.parametrize("kind", ["text", "open_text"])
def test_what_cuts_is_part_of_what_is_kept_and_not_of_the_vocabulary(kind):
    whole = registry.create("feature", {"type": kind, "max_length": 2})
    cut = registry.create("feature", {"type": kind, "max_length": 2, "truncate": True})
    assert whole.options == {"type": kind, "tokenizer": whole.tokenizer.options}
    assert cut.options == {**whole.options, "cut_at": 2}
    assert cut.vocabulary_options == whole.vocabulary_options


def test_a_cut_needs_a_length():
    with pytest.raises(ValueError, match=r"^`truncate` needs a `max_length`\. Received: max_length=None$"):
        TextFeature(truncate=True)


def test_a_text_that_is_cut_loses_its_end():
    feature = TextFeature(tokenizer="character", max_length=3, truncate=True)
    feature.learn(["abcd"])
    assert [text.decode() for text in feature.decode(feature.encode(["abcd", "ba"])).numpy()] == ["abc", "ba"]
