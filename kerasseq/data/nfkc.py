"""Unicode normal form KC with core TensorFlow operations: an exported model normalises its own input.

The tables are made from Python's `unicodedata` and stand in the graph as constants.
"""

from __future__ import annotations

import functools
import unicodedata

import numpy as np
import tensorflow as tf

CODES = 0x30000  # nothing beyond plane 2 changes, combines or composes
PAGE = 128
HANGUL_FIRST, HANGUL_LAST = 0xAC00, 0xD7A3
LEADS, VOWELS, TRAILS = (0x1100, 19), (0x1161, 21), (0x11A8, 27)
SURROGATES = range(0xD800, 0xE000)


def _paged(values: dict[int, int], dtype: type) -> tuple[np.ndarray, np.ndarray]:
    """A sparse table over code points as a page index (pages,) and the distinct pages (distinct, PAGE).

    The last page is empty and serves every code point from `CODES` on.
    """
    dense = np.zeros((CODES + PAGE,), dtype)
    dense[list(values)] = list(values.values())
    pages, index = np.unique(dense.reshape(-1, PAGE), axis=0, return_inverse=True)
    return index.reshape(-1).astype(np.int32), pages


def _look_up(table: tuple[np.ndarray, np.ndarray], codes: tf.Tensor) -> tf.Tensor:
    index, pages = table
    page = tf.gather(index, tf.minimum(codes // PAGE, CODES // PAGE))
    return tf.cast(tf.gather(pages.reshape(-1), page * PAGE + codes % PAGE), tf.int32)


@functools.cache
def _decompositions() -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray]:
    """Full compatibility decompositions: code point -> entry, entry -> start and its characters.

    Entry 0 stands for "stays as it is". Hangul syllables are left out: they decompose by arithmetic.
    """
    entries, starts, flat = {}, [0, 0], []
    for code in range(CODES):
        if code in SURROGATES or HANGUL_FIRST <= code <= HANGUL_LAST:
            continue
        whole = unicodedata.normalize("NFKD", chr(code))
        if whole != chr(code):
            entries[code] = len(starts) - 1
            flat.extend(map(ord, whole))
            starts.append(len(flat))
    return _paged(entries, np.uint16), np.array(starts, np.int32), np.array(flat, np.int32)


@functools.cache
def _combining_classes() -> tuple[np.ndarray, np.ndarray]:
    classes = {code: unicodedata.combining(chr(code)) for code in range(CODES)}
    return _paged(classes, np.uint8)


@functools.cache
def _compositions() -> tuple[np.ndarray, np.ndarray]:
    """Sorted keys `first * 2**21 + second`, and the character that each pair composes to."""
    pairs = {}
    for code in range(CODES):
        if code in SURROGATES or HANGUL_FIRST <= code <= HANGUL_LAST:
            continue
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and parts[0][0] != "<" and unicodedata.normalize("NFC", chr(code)) == chr(code):
            first, second = (int(part, 16) for part in parts)
            pairs[first << 21 | second] = code
    keys = sorted(pairs)
    return np.array(keys, np.int64), np.array([pairs[key] for key in keys], np.int32)


@functools.cache
def _active() -> tuple[np.ndarray, np.ndarray]:
    """1 where a character changes under NFKC or may compose with what stands before it, else 0."""
    seconds = {int(key) & 0x1FFFFF for key in _compositions()[0]}
    for first, count in (VOWELS, TRAILS):
        seconds.update(range(first, first + count))
    active = {0xFFFD: 1}  # perhaps invalid bytes, which are to become this character
    for code in range(CODES):
        if code in SURROGATES:
            continue
        is_changed = unicodedata.normalize("NFKC", chr(code)) != chr(code)
        if is_changed or code in seconds or unicodedata.combining(chr(code)):
            active[code] = 1
    return _paged(active, np.uint8)


def _decompose(codes: tf.RaggedTensor) -> tf.RaggedTensor:
    table, starts, flat = _decompositions()
    values = codes.values
    entry = _look_up(table, values)
    is_hangul = (values >= HANGUL_FIRST) & (values <= HANGUL_LAST)
    syllable = tf.where(is_hangul, values - HANGUL_FIRST, 0)
    lengths = tf.where(entry > 0, tf.gather(starts, entry + 1) - tf.gather(starts, entry), 1)
    lengths = tf.where(is_hangul, tf.where(syllable % 28 > 0, 3, 2), lengths)
    owner = tf.repeat(tf.range(tf.size(values)), lengths)  # (decomposed,)
    place = tf.range(tf.size(owner)) - tf.gather(tf.cumsum(lengths, exclusive=True), owner)
    entry, syllable = tf.gather(entry, owner), tf.gather(syllable, owner)
    from_table = tf.gather(flat, tf.where(entry > 0, tf.gather(starts, entry) + place, 0))
    from_hangul = tf.where(place == 0, LEADS[0] + syllable // 588, VOWELS[0] + syllable % 588 // 28)
    from_hangul = tf.where(place == 2, TRAILS[0] - 1 + syllable % 28, from_hangul)
    result = tf.where(entry > 0, from_table, tf.gather(values, owner))
    result = tf.where(tf.gather(is_hangul, owner), from_hangul, result)
    ends = tf.concat([[0], tf.cumsum(lengths)], axis=0)
    return tf.RaggedTensor.from_row_splits(result, tf.gather(ends, codes.row_splits), validate=False)


def _row_starts(codes: tf.RaggedTensor) -> tf.Tensor:
    """True at the first character of each row, (characters,)."""
    rows = codes.value_rowids()
    return tf.concat([[True], rows[1:] != rows[:-1]], axis=0)[: tf.size(rows)]


def _order_marks(codes: tf.RaggedTensor) -> tf.RaggedTensor:
    """Sorts every run of combining marks by class, keeping the order within a class."""
    classes = tf.cast(_look_up(_combining_classes(), codes.values), tf.int64)
    segment = tf.cumsum(tf.cast((classes == 0) | _row_starts(codes), tf.int64))
    count = tf.size(classes, out_type=tf.int64)
    order = tf.argsort((segment * 256 + classes) * count + tf.range(count))
    return codes.with_values(tf.gather(codes.values, order))


def _composed(first: tf.Tensor, second: tf.Tensor) -> tf.Tensor:
    """What two characters compose to, 0 where they do not."""
    keys, values = _compositions()
    key = tf.cast(first, tf.int64) * 2**21 + tf.cast(second, tf.int64)
    found = tf.minimum(tf.searchsorted(keys, key), len(keys) - 1)
    result = tf.where(tf.gather(keys, found) == key, tf.gather(values, found), 0)
    lead, vowel, trail = first - LEADS[0], second - VOWELS[0], second - TRAILS[0]
    is_pair = (lead >= 0) & (lead < LEADS[1]) & (vowel >= 0) & (vowel < VOWELS[1])
    result = tf.where(is_pair, HANGUL_FIRST + (lead * VOWELS[1] + vowel) * 28, result)
    is_open = (first >= HANGUL_FIRST) & (first <= HANGUL_LAST) & ((first - HANGUL_FIRST) % 28 == 0)
    return tf.where(is_open & (trail >= 0) & (trail < TRAILS[1]), first + trail + 1, result)


def _compose(codes: tf.RaggedTensor) -> tf.RaggedTensor:
    """Canonical composition. A run is a character and what may compose with it; all runs advance together."""
    values = codes.values
    classes = _look_up(_combining_classes(), values)
    begins = _row_starts(codes) | ((classes == 0) & (_look_up(_active(), values) == 0))
    starts = tf.reshape(tf.where(begins), [-1])
    lengths = tf.concat([starts[1:], [tf.size(values, out_type=tf.int64)]], axis=0) - starts

    def advance(step, values, kept, base, last_class):
        runs = tf.reshape(tf.where(lengths > step), [-1])
        here = tf.gather(starts, runs) + step
        own_class = tf.gather(classes, here)
        base_here, last = tf.gather(base, runs), tf.gather(last_class, runs)
        joined = _composed(tf.gather(values, base_here), tf.gather(values, here))
        base_is_starter = tf.gather(classes, base_here) == 0
        joins = (joined > 0) & base_is_starter & (last < own_class)  # else blocked by the mark between
        merged = tf.boolean_mask(tf.stack([base_here, tf.cast(joined, tf.int64)], axis=1), joins)
        values = tf.tensor_scatter_nd_update(values, merged[:, :1], tf.cast(merged[:, 1], tf.int32))
        kept = tf.tensor_scatter_nd_update(kept, here[:, None], ~joins)
        is_new_base = ~joins & (own_class == 0)
        base = tf.tensor_scatter_nd_update(base, runs[:, None], tf.where(is_new_base, here, base_here))
        last = tf.where(joins, last, tf.where(is_new_base, -1, own_class))
        return step + 1, values, kept, base, tf.tensor_scatter_nd_update(last_class, runs[:, None], last)

    kept, last_class = tf.ones_like(values, tf.bool), -tf.ones_like(starts, tf.int32)
    start = (tf.constant(1, tf.int64), values, kept, starts, last_class)
    longest = tf.reduce_max(tf.concat([[0], lengths], axis=0))
    _, values, kept, _, _ = tf.while_loop(lambda step, *_: step < longest, advance, start)
    return tf.ragged.boolean_mask(codes.with_values(values), codes.with_values(kept))


@tf.function(input_signature=[tf.TensorSpec((None,), tf.string)], autograph=False)
def normalize_nfkc(strings: tf.Tensor) -> tf.Tensor:
    """Normal form KC of UTF-8 strings; invalid bytes become U+FFFD. Traced once, whoever calls it.

    Args:
        strings: (batch,) string tensor.
    Returns:
        (batch,) string tensor.
    Reference:
        Unicode Standard Annex 15, https://www.unicode.org/reports/tr15/
    """
    codes = tf.strings.unicode_decode(strings, "UTF-8")
    active = codes.with_values(_look_up(_active(), codes.values))
    rows = tf.reshape(tf.where(tf.reduce_max(active, axis=1) > 0), [-1])  # most text is normal already

    def change() -> tf.Tensor:
        changed = _compose(_order_marks(_decompose(tf.gather(codes, rows))))
        whole = tf.strings.unicode_encode(changed, "UTF-8")
        return tf.tensor_scatter_nd_update(strings, rows[:, None], whole)

    return tf.cond(tf.size(rows) > 0, change, lambda: strings)
