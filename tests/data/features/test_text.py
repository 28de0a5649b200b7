import numpy as np
import pytest
import tensorflow as tf

from kerasseq.data.features.text import TextFeature

TEXTS = ["a bb a", "bb", "a, a"]


@pytest.fixture(scope="module")
def feature():
    made = TextFeature(tokenizer={"type": "word"})
    made.learn(TEXTS)
    return made


def test_encode_puts_markers_round_and_zeros_behind(feature):
    places = {token: place for place, token in enumerate(feature.vocabulary)}
    a, bb, comma = places["a"], places["bb"], places["￭,"]
    expected = [[2, a, bb, a, 3], [2, bb, 3, 0, 0], [2, a, comma, a, 3]]
    np.testing.assert_array_equal(feature.encode(tf.constant(TEXTS)), expected)


def test_decode_stops_at_the_end_and_drops_markers(feature):
    ids = feature.encode(tf.constant(TEXTS)).numpy()
    assert [text.decode() for text in feature.decode(ids).numpy()] == TEXTS
    behind = np.concatenate(
        [ids, np.full((3, 2), 4)], axis=1
    )  # what a model writes after `</s>` does not count
    assert [text.decode() for text in feature.decode(behind).numpy()] == TEXTS
    assert [text.decode() for text in feature.decode(ids[:, 1:-1]).numpy()] == TEXTS


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_decode_takes_any_leading_axes(feature, dtype):
    ids = feature.encode(tf.constant(TEXTS)).numpy().astype(dtype)
    texts = feature.decode(np.stack([ids, ids[::-1]])).numpy()
    assert texts.shape == (2, 3)
    assert [text.decode() for text in texts[1]] == TEXTS[::-1]
    assert feature.decode(ids[0]).numpy().decode() == TEXTS[0]


def test_encode_and_decode_run_in_one_graph(feature):
    again = tf.function(lambda texts: feature.decode(feature.encode(texts)[:, None])[:, 0])
    assert [text.decode() for text in again(tf.constant(TEXTS)).numpy()] == TEXTS


def test_a_saved_vocabulary_is_the_same_feature(feature, tmp_path):
    feature.save(tmp_path / "source.txt")
    other = TextFeature(tokenizer="word")
    other.load(tmp_path / "source.txt")
    assert other.vocabulary == feature.vocabulary
    assert other.vocabulary_size == len(feature.vocabulary)
    np.testing.assert_array_equal(other.encode(tf.constant(TEXTS)), feature.encode(tf.constant(TEXTS)))


def test_max_length_must_be_positive():
    with pytest.raises(ValueError, match="`max_length` must be positive. Received: max_length=0"):
        TextFeature(max_length=0)


@pytest.mark.parametrize("tokenizer", ["word", "character", {"type": "word", "split_punctuation": False}])
def test_a_document_keeps_its_lines(tokenizer):
    feature = TextFeature(tokenizer=tokenizer)
    feature.learn(["a b c"])
    feature.learn(["a b c\n"])
    texts = ["a b\nc", "", "c", "a\n\nb", "\na"]
    ids = feature.encode_document(tf.constant(texts)).numpy()
    assert ids[:, 0].tolist() == [2] * 5
    assert feature.decode_document(ids).numpy().tolist() == [text.encode() for text in texts]
    running = feature.encode_lines(tf.constant(texts)).to_list()
    assert [row[row != 0][1:-1].tolist() for row in ids] == running


def test_a_line_is_a_document_as_it_is_a_text():
    feature = TextFeature(tokenizer="word")
    feature.learn(["a b c"])
    texts = tf.constant(["a b", "", "c x"])
    np.testing.assert_array_equal(feature.encode_document(texts), feature.encode(texts))
    np.testing.assert_array_equal(
        feature.decode_document(feature.encode(texts)), feature.decode(feature.encode(texts))
    )
