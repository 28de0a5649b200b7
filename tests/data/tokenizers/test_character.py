import tensorflow as tf

from kerasseq.data.tokenizers.character import Character
from kerasseq.specs import SPECIAL_TOKENS


def test_one_token_a_character_spaces_included():
    tokenizer = Character()
    tokenizer.learn(["a b", "b\n"])
    assert tokenizer.vocabulary == [*SPECIAL_TOKENS, "b", "\n", " ", "a"]
    assert tokenizer.encode(tf.constant(["b a\n"])).to_list() == [[4, 6, 7, 5]]


def test_what_training_never_saw_comes_back_as_the_replacement_character():
    tokenizer = Character(vocabulary_size=5)
    tokenizer.learn(["aab"])
    ids = tokenizer.encode(tf.constant(["abа"]))  # the last is Cyrillic
    assert ids.to_list() == [[4, 1, 1]]
    assert tokenizer.decode(ids).numpy()[0].decode() == "a\ufffd\ufffd"
