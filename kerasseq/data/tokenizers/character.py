"""One token a character."""

from __future__ import annotations

import tensorflow as tf

from kerasseq.data.tokenizing import Tokenizer
from kerasseq.registry import register
from kerasseq.specs import SPECIAL_TOKENS, UNKNOWN_ID, PositiveInt, check_arguments

REPLACEMENT = "\ufffd"


@register("tokenizer")
class Character(Tokenizer):
    """One token a Unicode character, spaces included, in normal form KC.

    `decode(encode(text))` is the normalised text; a character that training never saw comes back as U+FFFD.

    Args:
        vocabulary_size: The most characters to keep, special tokens included.
        minimum_frequency: Characters seen less often in training are unknown.
        lowercase: Whether case is dropped.
    """

    keeps_lines = True

    def __init__(
        self,
        *,
        vocabulary_size: PositiveInt | None = None,
        minimum_frequency: PositiveInt = 1,
        lowercase: bool = False,
    ):
        limits = {"vocabulary_size": vocabulary_size, "minimum_frequency": minimum_frequency}
        check_arguments(Character.__init__, **limits)
        super().__init__(**limits, lowercase=lowercase)

    def split(self, strings: tf.Tensor) -> tf.RaggedTensor:
        return tf.strings.unicode_split(strings, "UTF-8")

    def join(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        letters = tf.where(tokens.flat_values == SPECIAL_TOKENS[UNKNOWN_ID], REPLACEMENT, tokens.flat_values)
        return tf.strings.reduce_join(tokens.with_flat_values(letters), axis=-1)
