import pytest
import tensorflow as tf

from kerasseq import registry
from kerasseq.data.tokenizers.word import Word
from kerasseq.errors import DataError
from kerasseq.specs import SPECIAL_TOKENS


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Hello, you!", "Hello ￭, you ￭!"),
        ("(a)", "(￭ a ￭)"),
        ("don't", "don ￭'￭ t"),
        ("3.14", "3 ￭.￭ 14"),
        ("a,,b", "a ￭, ￭,￭ b"),
        ("a , , b", "a , , b"),
        ("--", "- ￭-"),
        ("  a \t b\u2028c ", "a b c"),
        ("5 €", "5 €"),
    ],
)
def test_each_place_where_tokens_touched_has_one_joiner(text, tokens):
    assert Word().split(tf.constant([text])).to_list() == [[token.encode() for token in tokens.split()]]


def test_tokenised_text_is_left_alone():
    tokenizer = Word(split_punctuation=False)
    tokenizer.learn(["a man 's best-friend ."])
    assert tokenizer.vocabulary == [*SPECIAL_TOKENS, "'s", ".", "a", "best-friend", "man"]


def test_unknown_words_come_back_as_unk():
    tokenizer = Word(minimum_frequency=2)
    tokenizer.learn(["a a b"])
    ids = tokenizer.encode(tf.constant(["a b"]))
    assert ids.to_list() == [[4, 1]]
    assert tokenizer.decode(ids).numpy().tolist() == [b"a <unk>"]


def test_joiners_that_no_text_gives_are_still_read():
    tokenizer = Word()
    tokenizer.learn(["(a)"])
    places = {token: place for place, token in enumerate(tokenizer.vocabulary)}
    ids = tf.ragged.constant([[places["(￭"], places["￭)"], places["(￭"]]], tf.int32)
    assert tokenizer.decode(ids).numpy().tolist() == [b"() ("]


@pytest.mark.parametrize(
    ("name", "options", "told"),
    [
        ("word", {"minimum_frequency": 3}, "no word is seen 3 times"),
        ("word", {}, "no word is seen once"),
        ("character", {"minimum_frequency": 9}, "no character is seen 9 times"),
    ],
)
def test_a_vocabulary_without_a_token_is_refused(name, options, told):
    tokenizer = registry.create("tokenizer", {"type": name, **options})
    with pytest.raises(DataError) as caught:
        tokenizer.learn([" "] if not options else ["a b", "b c"])
    assert str(caught.value) == f"{told} in the training split\n  fix: lower `minimum_frequency`"
