import random
import unicodedata

import pytest
import tensorflow as tf

from kerasseq.data.nfkc import normalize_nfkc

LETTERS = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
MARKS = [letter for letter in LETTERS if unicodedata.combining(letter)]
DECOMPOSED = [letter for letter in LETTERS if unicodedata.normalize("NFD", letter) != letter]
SECONDS = sorted({unicodedata.normalize("NFD", letter)[-1] for letter in DECOMPOSED})
JAMO = [chr(code) for code in [*range(0x1100, 0x1200), *range(0xAC00, 0xAC80)]]


def _normalized(texts):
    return [text.decode() for text in normalize_nfkc(tf.constant(texts)).numpy()]


def test_agrees_with_python_on_every_character_and_what_it_is_made_of():
    parts = {unicodedata.normalize(form, letter) for form in ("NFD", "NFKD") for letter in LETTERS}
    texts = sorted(parts.union(LETTERS))
    assert len(texts) > len(LETTERS) + 10_000
    assert _normalized(texts) == [unicodedata.normalize("NFKC", text) for text in texts]


def test_agrees_with_python_on_random_sequences_of_awkward_characters():
    rng = random.Random(0)
    pools = ["aeiouAnſ ", MARKS, DECOMPOSED, SECONDS, JAMO, LETTERS]
    texts = ["".join(rng.choice(rng.choice(pools)) for _ in range(rng.randrange(12))) for _ in range(20_000)]
    assert _normalized(texts) == [unicodedata.normalize("NFKC", text) for text in texts]


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("", ""),
        ("plain", "plain"),
        ("ﬁn", "fin"),
        ("e\u0301", "é"),
        ("a\u0323\u0307", "ạ\u0307"),
        ("a\u0307\u0323", "ạ\u0307"),  # marks are put in order first
        ("a\u00a0b", "a b"),
        ("①½", "11⁄2"),
        ("\u1112\u1161\u11ab", "한"),
        ("e" + "\u0301" * 500, "é" + "\u0301" * 499),
    ],
)
def test_known_forms(text, normal):
    assert _normalized([text]) == [normal]


def test_rows_do_not_touch():
    assert _normalized(["e", "\u0301", "", "\u0301e"]) == ["e", "\u0301", "", "\u0301e"]


def test_invalid_bytes_become_the_replacement_character():
    assert normalize_nfkc(tf.constant([b"a\xffb", b"ok"])).numpy().tolist() == ["a\ufffdb".encode(), b"ok"]


def test_an_empty_batch_stays_empty():
    assert normalize_nfkc(tf.constant([], tf.string)).shape == (0,)
