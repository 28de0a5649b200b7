import numpy as np
import pytest
import tensorflow as tf

from kerasseq.data.features.words import WordsFeature
from kerasseq.data.token_cache import Column, Encoder

SENTENCES = ["The\tcat sat", "A\u00a0b internationalisation .", "the"]
START, END = 2, 3


@pytest.fixture(scope="module")
def feature():
    made = WordsFeature(lowercase=True, longest_word=7)
    made.learn(SENTENCES)
    return made


def _spelled(feature, ids):
    return "".join(feature.characters.vocabulary[one] for one in ids if one > END)


def test_words_are_learned_by_frequency_and_characters_with_their_case(feature):
    assert feature.vocabulary[4:6] == ["the", "."] and feature.vocabulary_size == 10
    assert "a b" in feature.vocabulary  # the no-break blank is within a word, and a plain one in normal form
    assert {"T", "t", " "} <= set(feature.characters.vocabulary)
    assert "c" in feature.characters.vocabulary and "C" not in feature.characters.vocabulary


def test_a_batch_has_words_and_marked_characters(feature):
    batch = {name: part.numpy() for name, part in feature.encode(SENTENCES).items()}
    words, characters = batch["words"], batch["characters"]
    assert words.dtype == characters.dtype == np.int32
    assert words.shape == (3, 3) and characters.shape == (3, 3, 9)
    assert [feature.vocabulary[one] for one in words[0]] == ["the", "cat", "sat"]
    assert words[2].tolist() == [feature.vocabulary.index("the"), 0, 0]
    assert _spelled(feature, characters[0, 0]) == "The" and _spelled(feature, characters[2, 0]) == "the"
    assert _spelled(feature, characters[1, 1]) == "inteion"  # the middle is left out
    assert characters[0, 1].tolist()[0] == START and characters[0, 1].tolist()[4:] == [END, 0, 0, 0, 0]
    assert np.all(characters[words == 0] == 0) and np.all(characters[words != 0][:, 0] == START)


def test_what_is_unknown_is_so_in_both(feature):
    batch = feature.encode(["zyx cat"])
    assert batch["words"].numpy()[0, 0] == 1 and batch["words"].numpy()[0, 1] > 3
    assert batch["characters"].numpy()[0, 0].tolist() == [START, 1, 1, 1, END]


def test_the_cache_and_the_layout_give_the_same_batch(feature, tmp_path):
    values, ends = Encoder(feature)(SENTENCES)
    assert values.shape == (7, 8) and values.dtype == np.uint16 and ends.tolist() == [3, 6, 7]
    values.tofile(tmp_path / "tokens.ids")
    column = Column(tmp_path / "tokens.ids", feature.dtype, np.array([0, *ends]))
    rows = np.array([2, 0, 1])
    assert column.lengths(rows).tolist() == [1, 3, 3]
    found = feature.layout.assemble(column.take(rows), column.lengths(rows), 1)
    expected = feature.encode([SENTENCES[row] for row in rows])
    for name, part in found.items():
        np.testing.assert_array_equal(part, expected[name])
    assert found.keys() == feature.spec.keys()
    wide = feature.layout.assemble(column.take(rows), column.lengths(rows), 8)
    assert wide["words"].shape == (3, 8) and wide["characters"].shape == (3, 8, 9)


def test_a_sentence_without_words_has_room_for_one(feature):
    batch = feature.encode(["", " "])
    assert batch["words"].shape == (2, 1) and batch["characters"].shape == (2, 1, 2)
    assert not np.any(batch["characters"])


def test_words_come_apart_and_are_padded(feature):
    words = feature.split(SENTENCES)
    padded = feature.padded(words)
    assert padded.numpy()[2].tolist() == [b"the", b"", b""]
    assert feature.unpadded(padded).to_list() == words.to_list()
    assert feature.padded(feature.split([""])).shape == (1, 1)


def test_what_was_learned_is_plain_text_and_comes_back(feature, tmp_path):
    feature.save(tmp_path / "tokens.txt")
    assert (tmp_path / "tokens.txt").read_text().splitlines()[4] == "the"
    assert (tmp_path / "tokens.characters.txt").read_text().splitlines()[:4] == [
        "<pad>",
        "<unk>",
        "<s>",
        "</s>",
    ]
    again = WordsFeature(lowercase=True, longest_word=7)
    again.load(tmp_path / "tokens.txt")
    assert again.vocabulary == feature.vocabulary and again.checksum == feature.checksum
    np.testing.assert_array_equal(again.encode(SENTENCES)["words"], feature.encode(SENTENCES)["words"])


def test_rare_words_are_unknown_and_their_characters_are_not():
    feature = WordsFeature(minimum_frequency=2, vocabulary_size=5)
    feature.learn(["a a b", "c c c"])
    assert feature.vocabulary[4:] == ["c"]
    batch = feature.encode(["b c"])
    assert batch["words"].numpy().tolist() == [[1, 4]]
    assert _spelled(feature, batch["characters"].numpy()[0, 0]) == "b"


def test_options_make_the_key_of_the_cache():
    assert WordsFeature().options != WordsFeature(longest_word=9).options
    assert WordsFeature().options != WordsFeature(lowercase=True).options
    assert WordsFeature().options["type"] == "words" and WordsFeature().most_ids is None


def test_it_runs_in_a_graph(feature):
    encode = tf.function(feature.encode, input_signature=[tf.TensorSpec((None,), tf.string)], autograph=False)
    expected = feature.encode(SENTENCES)
    for name, part in encode(tf.constant(SENTENCES)).items():
        np.testing.assert_array_equal(part, expected[name])


@pytest.mark.parametrize("option", ["longest_word", "max_length", "minimum_frequency"])
def test_limits_are_positive(option):
    with pytest.raises(ValueError, match=f"`{option}` must be positive. Received: {option}=0"):
        WordsFeature(**{option: 0})
