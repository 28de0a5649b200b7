"""WordPiece: frequent words whole, rare words in pieces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import tensorflow as tf

from kerasseq.data.faults import data_error
from kerasseq.data.splitting import join_words, split_words
from kerasseq.data.tokenizing import Tokenizer
from kerasseq.registry import register
from kerasseq.specs import SPECIAL_TOKENS, UNKNOWN_ID, PositiveInt, check_arguments

try:
    from tensorflow_text import FastWordpieceTokenizer
    from tensorflow_text.tools.wordpiece_vocab.wordpiece_tokenizer_learner_lib import learn
except ImportError as error:
    raise data_error(
        "the tokenizer `subword` needs tensorflow-text", fix="pip install tensorflow-text"
    ) from error

CONTINUES = "##"
LONGEST_WORD = 100


@register("tokenizer")
class Subword(Tokenizer):
    """WordPiece learned from the training split, in normal form KC.

    Text is cut into words and marks as the `word` tokenizer cuts it, then each into the longest pieces of the
    vocabulary; pieces that continue a word begin with `##`. A mark is always a token of its own, so no text
    can be mistaken for a continuation, and `decode(encode(text))` is the normalised text with white space
    runs as single spaces. A word of more than 100 bytes, or with a character that training never saw, is
    `<unk>`.

    Args:
        vocabulary_size: The most pieces to learn, special tokens included.
        minimum_frequency: Words seen less often in training are not learned from.
        lowercase: Whether case is dropped.
    Reference:
        Song et al. 2021, Fast WordPiece Tokenization, https://arxiv.org/abs/2012.15524
    """

    def __init__(
        self,
        *,
        vocabulary_size: PositiveInt = 8000,
        minimum_frequency: PositiveInt = 1,
        lowercase: bool = False,
    ):
        limits = {"vocabulary_size": vocabulary_size, "minimum_frequency": minimum_frequency}
        check_arguments(Subword.__init__, **limits)
        super().__init__(**limits, lowercase=lowercase)
        self._pieces = None

    def learn(self, texts: Iterable[str]) -> None:
        counts = self.count(texts)
        words = {word: count for word, count in counts.items() if count >= self.minimum_frequency}
        if not words:
            message = f"no word is seen {self.minimum_frequency} times in the training split"
            raise data_error(message, fix="lower `minimum_frequency`")
        self.set_vocabulary(learn_pieces(words, vocabulary_size=self.vocabulary_size))

    def set_vocabulary(self, vocabulary: list[str]) -> None:
        super().set_vocabulary(vocabulary)
        self._pieces = FastWordpieceTokenizer(
            vocabulary,
            suffix_indicator=CONTINUES,
            max_bytes_per_word=LONGEST_WORD,
            unknown_token=SPECIAL_TOKENS[UNKNOWN_ID],
            no_pretokenization=True,
            token_out_type=tf.int32,
        )

    def split(self, strings: tf.Tensor) -> tf.RaggedTensor:
        return split_words(strings, split_punctuation=True)

    def encode(self, strings: tf.Tensor) -> tf.RaggedTensor:
        words = self.split(self.normalize(strings))
        return self._pieces.tokenize(words).merge_dims(-2, -1)

    def join(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        joined = tf.strings.reduce_join(tokens, axis=-1, separator=" ")
        words = tf.strings.regex_replace(joined, f"(?:^| ){CONTINUES}", "")
        return join_words(words[..., None])


def learn_pieces(words: dict[str, int], *, vocabulary_size: int) -> list[str]:
    """WordPiece vocabulary: special tokens, then every character alone and as a continuation, then pieces.

    Args:
        words: How often each word is seen.
        vocabulary_size: The most tokens to return.
    """
    room = vocabulary_size - len(SPECIAL_TOKENS)
    letters = Counter()
    for word, count in words.items():
        for place, letter in enumerate(word):
            letters[letter if place == 0 else CONTINUES + letter] += count
    alphabet = [piece for piece, _ in sorted(letters.items(), key=lambda pair: (-pair[1], pair[0]))][:room]
    ordered = sorted(words.values(), reverse=True)
    learned = learn(
        words,
        vocab_size=vocabulary_size,
        reserved_tokens=list(SPECIAL_TOKENS),
        lower_thresh=2,
        upper_thresh=max(
            ordered[min(vocabulary_size // 4, len(ordered) - 1)], 2
        ),  # else most steps are wasted
        max_token_length=LONGEST_WORD,
        slack_ratio=0.1,
    )
    return list(dict.fromkeys([*SPECIAL_TOKENS, *alphabet, *learned]))[:vocabulary_size]
