"""Words and punctuation apart and together again, in the graph; only the width of white space is lost."""

from __future__ import annotations

import tensorflow as tf

JOINER = "\uffed"
"""Under NFKC this character becomes another, so normalised text never holds it."""

SPACE = r"[\s\v\x1c-\x1f\x{85}\p{Z}]+"
MARK = r"([\p{P}\p{S}])"
EDGE = "\n"  # between a mark and what it touches; white space is single blanks by then


def collapse_spaces(strings: tf.Tensor) -> tf.Tensor:
    """White space runs as single blanks, none at either end."""
    return tf.strings.regex_replace(tf.strings.regex_replace(strings, SPACE, " "), "^ | $", "")


def split_words(strings: tf.Tensor, *, split_punctuation: bool) -> tf.RaggedTensor:
    """Cuts normalised strings into words.

    Args:
        strings: (batch,) in normal form KC.
        split_punctuation: Whether each punctuation mark or symbol is a token of its own.
    Returns:
        (batch, ragged) string tokens. Where two tokens touched, exactly one bears the joiner: the right one
        if it is a mark, else the left one.
    """
    strings = collapse_spaces(strings)
    if split_punctuation:
        for pattern, replacement in (
            (MARK, f"{EDGE}{JOINER}\\1{JOINER}{EDGE}"),
            (f"{JOINER}{EDGE} ", " "),
            (f" {EDGE}{JOINER}", " "),
            (f"^{EDGE}{JOINER}", ""),
            (f"{JOINER}{EDGE}$", ""),
            (f"{JOINER}{EDGE}{EDGE}{JOINER}", f"{EDGE}{JOINER}"),
            (EDGE, " "),
        ):
            strings = tf.strings.regex_replace(strings, pattern, replacement)
    words = tf.strings.split(strings, " ")
    return tf.ragged.boolean_mask(words, words != "")


def join_words(tokens: tf.RaggedTensor) -> tf.Tensor:
    """Puts (batch, ragged) tokens together to (batch,) strings."""
    joined = tf.strings.reduce_join(tokens, axis=-1, separator=" ")
    return tf.strings.regex_replace(joined, f" ?{JOINER} ?", "")
