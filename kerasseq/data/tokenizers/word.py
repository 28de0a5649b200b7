"""One token a word, punctuation split off so that it can be put back."""

from __future__ import annotations

import tensorflow as tf

from kerasseq.data.splitting import join_words, split_words
from kerasseq.data.tokenizing import Tokenizer
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments


@register("tokenizer")
class Word(Tokenizer):
    """One token a word between white space, in normal form KC.

    With `split_punctuation`, every punctuation mark and symbol is a token of its own and bears a joiner on
    each side on which it touched its neighbour: `Hello, you` is `Hello`, `￭,`, `you`. The joiner has another
    normal form, so no text can hold it, and `decode(encode(text))` is the normalised text with white space
    runs as single spaces, for words that training saw; others come back as `<unk>`.

    Args:
        vocabulary_size: The most words to keep, special tokens included.
        minimum_frequency: Words seen less often in training are unknown.
        lowercase: Whether case is dropped.
        split_punctuation: Whether punctuation is split off; turn it off for text that is tokenised already.
    """

    def __init__(
        self,
        *,
        vocabulary_size: PositiveInt | None = None,
        minimum_frequency: PositiveInt = 1,
        lowercase: bool = False,
        split_punctuation: bool = True,
    ):
        limits = {"vocabulary_size": vocabulary_size, "minimum_frequency": minimum_frequency}
        check_arguments(Word.__init__, **limits)
        super().__init__(**limits, lowercase=lowercase, split_punctuation=split_punctuation)
        self.split_punctuation = split_punctuation

    def split(self, strings: tf.Tensor) -> tf.RaggedTensor:
        return split_words(strings, split_punctuation=self.split_punctuation)

    def join(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        return join_words(tokens)
