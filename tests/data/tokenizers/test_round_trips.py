"""What holds for every tokenizer: found through the registry, the count asserted."""

import functools
import random
import unicodedata

import pytest
import tensorflow as tf

from kerasseq import registry
from kerasseq.specs import END_ID, SPECIAL_TOKENS, UNKNOWN_ID

TEXTS = [
    "Hello, you! Don't (well-known) 3.14 … ##a # ## ###",
    "😀👨‍👩‍👧 🇩🇪 e\u0301 ﬁn ß Straße ǆ",
    "漢字、かな。한국어 हिन्दी",
    "non\u00a0breaking\u2003wide",
    "a,,b , , c --- ??! («quoted»)",
    "x ￭ y￭z \u2581low",
    "<s> is </s> and <unk> or <pad>",
    "one",
    "!",
]
OPTIONS = [
    {"type": "character"},
    {"type": "character", "lowercase": True},
    {"type": "subword", "vocabulary_size": 400},
    {"type": "word"},
    {"type": "word", "lowercase": True},
    {"type": "word", "split_punctuation": False},
]
WORDS = {"Σίσυφος": "σίσυφος", "İstanbul": "i\u0307stanbul", "STRASSE": "strasse"}


def _ids(options):
    return "-".join(str(value) for value in options.values())


@functools.cache
def _of_texts(place):
    """The tokenizer of these options that has learned `TEXTS`; no test changes it."""
    return _learned(OPTIONS[place], TEXTS)


def _learned(options, texts):
    tokenizer = registry.create("tokenizer", options)
    tokenizer.learn(texts)
    return tokenizer


def _normal(text, options):
    text = unicodedata.normalize("NFKC", text)
    text = unicodedata.normalize("NFKC", text.lower()) if options.get("lowercase") else text
    return text if options["type"] == "character" else " ".join(text.split())


def _round_trip(tokenizer, texts):
    return [text.decode() for text in tokenizer.decode(tokenizer.encode(tf.constant(texts))).numpy()]


def test_every_tokenizer_is_tried():
    assert {options["type"] for options in OPTIONS} == set(registry.names("tokenizer"))


@pytest.mark.parametrize("options", OPTIONS, ids=_ids)
def test_decode_undoes_encode(options):
    texts = TEXTS[:-3] + TEXTS[-2:] if options.get("split_punctuation") is False else TEXTS
    tokenizer = _learned(options, texts)
    assert _round_trip(tokenizer, texts) == [_normal(text, options) for text in texts]


@pytest.mark.parametrize("options", OPTIONS, ids=_ids)
def test_decode_undoes_encode_on_random_text(options):
    rng = random.Random(0)
    letters = "abC  ,.#'\t\u00a0漢é\u0301😀￭<>s/-"
    texts = ["".join(rng.choice(letters) for _ in range(rng.randrange(1, 12))) for _ in range(500)]
    texts = [text for text in texts if text.strip() and "<s>" not in text and "</s>" not in text]
    tokenizer = _learned(options, texts)
    assert _round_trip(tokenizer, texts) == [_normal(text, options) for text in texts]


@pytest.mark.parametrize("options", OPTIONS, ids=_ids)
def test_lines_come_back_as_lines(options):
    texts = ["one\ntwo words\n", "", "\none", "\n\n", "one", "words \n\n two"]
    tokenizer = _learned(options, [*texts, *TEXTS])
    ids = tokenizer.encode_lines(tf.constant(texts))
    expected = [text if tokenizer.keeps_lines else text.replace(" \n\n ", "\n\n") for text in texts]
    assert [text.decode() for text in tokenizer.decode_lines(ids).numpy()] == expected
    line_end = tokenizer.vocabulary.index("\n") if tokenizer.keeps_lines else END_ID
    counts = [row.count(line_end) for row in ids.to_list()]
    assert counts == [text.count("\n") for text in texts]
    assert tokenizer.encode_lines(tf.constant([], tf.string)).to_list() == []
    assert tokenizer.decode_lines(ids[:0]).numpy().tolist() == []
    assert tokenizer.decode_lines(tf.ragged.constant([[END_ID]], tf.int32)).numpy().tolist() == [b"\n"]


@pytest.mark.parametrize("options", OPTIONS, ids=_ids)
def test_text_never_becomes_a_special_token(options):
    tokenizer = _of_texts(OPTIONS.index(options))
    ids = tokenizer.encode(tf.constant(["<s> </s> <pad> a <s>"])).flat_values.numpy()
    assert not set(ids.tolist()) & {0, 2, 3}
    assert tokenizer.vocabulary[:4] == list(SPECIAL_TOKENS)
    assert len(set(tokenizer.vocabulary)) == len(tokenizer.vocabulary)


@pytest.mark.parametrize("options", OPTIONS, ids=_ids)
def test_a_new_tokenizer_with_the_same_vocabulary_does_the_same(options):
    tokenizer = _of_texts(OPTIONS.index(options))
    other = registry.create("tokenizer", options)
    other.set_vocabulary(tokenizer.vocabulary)
    texts = tf.constant([*TEXTS, "unseen ж words"])
    assert other.encode(texts).to_list() == tokenizer.encode(texts).to_list()
    assert UNKNOWN_ID in other.encode(texts).flat_values.numpy()


@pytest.mark.parametrize("options", OPTIONS, ids=_ids)
def test_a_batch_equals_its_rows_one_by_one(options):
    tokenizer = _of_texts(OPTIONS.index(options))
    whole = tokenizer.encode(tf.constant(TEXTS)).to_list()
    assert whole == [tokenizer.encode(tf.constant([text])).to_list()[0] for text in TEXTS]


@pytest.mark.parametrize("options", OPTIONS, ids=_ids)
def test_an_empty_batch_and_an_empty_text(options):
    tokenizer = _of_texts(OPTIONS.index(options))
    assert tokenizer.encode(tf.constant([], tf.string)).to_list() == []
    assert tokenizer.encode(tf.constant([""])).to_list() == [[]]
    assert tokenizer.decode(tf.ragged.constant([[]], tf.int32)).numpy().tolist() == [b""]


def test_they_live_in_a_saved_model(tmp_path):
    """What a run's export does not have by default: lower case, and words that keep their punctuation."""
    module, signature = tf.Module(), [tf.TensorSpec((None,), tf.string)]
    module.tokenizers = [_of_texts(place) for place in (1, 5)]
    module.again = tf.function(
        lambda texts: [each.decode(each.encode(texts)) for each in module.tokenizers],
        input_signature=signature,
    )
    tf.saved_model.save(module, tmp_path)
    served = tf.saved_model.load(tmp_path).again(tf.constant(TEXTS))
    for texts, tokenizer in zip(served, module.tokenizers, strict=True):
        assert [text.decode() for text in texts.numpy()] == _round_trip(tokenizer, TEXTS)


@pytest.mark.parametrize("name", ["character", "subword", "word"])
def test_limits_are_checked(name):
    for option in ("vocabulary_size", "minimum_frequency"):
        with pytest.raises(ValueError, match=f"`{option}` must be positive. Received: {option}=0"):
            registry.create("tokenizer", {"type": name, option: 0})
    message = "`vocabulary_size` must be more than the 4 special tokens. Received: vocabulary_size=4"
    with pytest.raises(ValueError, match=message):
        registry.create("tokenizer", {"type": name, "vocabulary_size": 4})


@pytest.mark.parametrize("name", ["character", "subword", "word"])
def test_vocabulary_must_be_there_and_begin_right(name):
    tokenizer = registry.create("tokenizer", name)
    with pytest.raises(ValueError, match="The tokenizer has no vocabulary yet"):
        _ = tokenizer.vocabulary
    with pytest.raises(
        ValueError, match=r"`vocabulary` must begin with <pad>, <unk>, <s>, </s>. Received: \['a'\]"
    ):
        tokenizer.set_vocabulary(["a"])


@pytest.mark.parametrize("text", WORDS)
def test_lower_case_knows_more_than_ascii(text):
    tokenizer = _learned({"type": "character", "lowercase": True}, [text])
    assert _round_trip(tokenizer, [text]) == [WORDS[text]]
