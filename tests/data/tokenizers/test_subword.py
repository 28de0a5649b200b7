import pytest
import tensorflow as tf

from kerasseq.data.tokenizers.subword import Subword, learn_pieces
from kerasseq.errors import DataError
from kerasseq.specs import SPECIAL_TOKENS

TEXTS = ["the lowest lower low new newer newest widest wide"] * 5


def _tokens(tokenizer, text):
    ids = tokenizer.encode(tf.constant([text])).to_list()[0]
    return [tokenizer.vocabulary[id_] for id_ in ids]


def test_unseen_words_are_made_of_pieces():
    tokenizer = Subword(vocabulary_size=60)
    tokenizer.learn(TEXTS)
    pieces = _tokens(tokenizer, "slowest")
    assert len(pieces) > 1
    assert "".join(piece.removeprefix("##") for piece in pieces) == "slowest"
    assert _tokens(tokenizer, "slowж") == ["<unk>"]


def test_pieces_are_the_longest_that_match():
    tokenizer = Subword()
    tokenizer.set_vocabulary([*SPECIAL_TOKENS, "un", "u", "##n", "##believ", "##able", "##a", "￭", "##!"])
    assert _tokens(tokenizer, "unbelievable") == ["un", "##believ", "##able"]
    assert _tokens(tokenizer, "un!") == ["un", "￭", "##!"]
    ids = tokenizer.encode(tf.constant(["unbelievable un!"]))
    assert tokenizer.decode(ids).numpy().tolist() == [b"unbelievable un!"]


@pytest.mark.parametrize("size", [5, 10, 30, 60, 1000])
def test_the_vocabulary_is_never_larger_than_asked(size):
    tokenizer = Subword(vocabulary_size=size)
    tokenizer.learn(TEXTS)
    assert len(tokenizer.vocabulary) <= size


def test_every_character_has_a_piece_where_there_is_room():
    vocabulary = learn_pieces({"ab": 3, "ba": 1}, vocabulary_size=50)
    assert {"a", "b", "##a", "##b", "ab"} <= set(vocabulary)


def test_a_word_too_long_to_cut_is_unknown():
    tokenizer = Subword()
    tokenizer.learn(["a" * 10])
    assert _tokens(tokenizer, "a" * 101) == ["<unk>"]
    assert "<unk>" not in _tokens(tokenizer, "a" * 100)


def test_nothing_frequent_enough_is_an_error():
    with pytest.raises(
        DataError, match="no word is seen 3 times in the training split\n  fix: lower `minimum_freq"
    ):
        Subword(minimum_frequency=3).learn(["a b"])
