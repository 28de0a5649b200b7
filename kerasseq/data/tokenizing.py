"""What every tokenizer shares: normal form, vocabulary, look-up, and learning from a stream of texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from kerasseq.data.faults import data_error
from kerasseq.data.nfkc import normalize_nfkc
from kerasseq.data.vocabulary import most_frequent
from kerasseq.specs import END_ID, SPECIAL_TOKENS, UNKNOWN_ID

TEXTS_AT_ONCE = 4096
CHARACTERS_AT_ONCE = 2**19


def batches_of_texts(texts: Iterable[Any], *, length: Callable[[Any], int] = len) -> Iterator[list[Any]]:
    """Cuts a stream of texts into lists that the graph takes at once; long texts make short lists."""
    batch, characters = [], 0
    for text in texts:
        batch.append(text)
        characters += length(text)
        if len(batch) == TEXTS_AT_ONCE or characters >= CHARACTERS_AT_ONCE:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


class Tokenizer(tf.Module):
    """Text to ids and back, in the graph; a subclass gives `split` and `join`.

    A tf.Module, so that a SavedModel which uses it carries its vocabulary.

    Args:
        vocabulary_size: The most tokens to keep, special ones included.
        minimum_frequency: Tokens seen less often in training are left out.
        lowercase: Whether case is dropped.
        **options: What else decides how text becomes ids.
    Attributes:
        keeps_lines: Whether a line feed is a token; else it is white space like any other.
    """

    keeps_lines = False

    def __init__(
        self, *, vocabulary_size: int | None, minimum_frequency: int, lowercase: bool, **options: Any
    ):
        super().__init__()
        if vocabulary_size is not None and vocabulary_size <= len(SPECIAL_TOKENS):
            need = f"more than the {len(SPECIAL_TOKENS)} special tokens"
            raise ValueError(f"`vocabulary_size` must be {need}. Received: vocabulary_size={vocabulary_size}")
        self.vocabulary_size = vocabulary_size
        self.minimum_frequency = minimum_frequency
        self.lowercase = lowercase
        self._options = tuple(sorted(options.items()))
        self._tokens = None
        self._text_of_token = None
        self._id_of_token = None

    @property
    def options(self) -> dict[str, Any]:
        """Everything that decides which ids a text becomes, but for the vocabulary; for the cache's key."""
        limits = {"vocabulary_size": self.vocabulary_size, "minimum_frequency": self.minimum_frequency}
        name = type(self).__module__.rpartition(".")[2]
        return {"type": name, **limits, "lowercase": self.lowercase, **dict(self._options)}

    @property
    def vocabulary(self) -> list[str]:
        """Every token; its place is its id.

        Raises:
            ValueError: If none was learned or set.
        """
        if self._tokens is None:
            raise ValueError("The tokenizer has no vocabulary yet: call `learn` or `set_vocabulary` first.")
        return self._tokens.tolist()

    def set_vocabulary(self, vocabulary: list[str]) -> None:
        """Takes a vocabulary as `vocabulary` returns it, special tokens first."""
        if tuple(vocabulary[: len(SPECIAL_TOKENS)]) != SPECIAL_TOKENS:
            start = vocabulary[: len(SPECIAL_TOKENS)]
            raise ValueError(f"`vocabulary` must begin with {', '.join(SPECIAL_TOKENS)}. Received: {start}")
        self._tokens = np.array(vocabulary, dtype=object)
        self._text_of_token = tf.constant(vocabulary)
        self._id_of_token = self._table(vocabulary)

    def _table(self, vocabulary: list[str]) -> tf.lookup.StaticHashTable:
        """Text that looks like a special token is an unknown word, never that token."""
        tokens = tf.constant(vocabulary[len(SPECIAL_TOKENS) :], tf.string)
        ids = tf.range(len(SPECIAL_TOKENS), len(vocabulary), dtype=tf.int64)
        entries = tf.lookup.KeyValueTensorInitializer(tokens, ids)
        return tf.lookup.StaticHashTable(entries, default_value=UNKNOWN_ID)

    def count(self, texts: Iterable[str]) -> Counter[str]:
        """How often each token stands in a stream of texts."""
        counts: Counter[bytes] = Counter()
        for batch in batches_of_texts(texts):
            tokens = self.split(self.normalize(tf.constant(batch)))
            counts.update(tokens.flat_values.numpy().tolist())
        return Counter({token.decode(): count for token, count in counts.items()})

    def learn(self, texts: Iterable[str]) -> None:
        """Takes its vocabulary from a stream of texts.

        Raises:
            DataError: If no token is seen often enough.
        """
        limits = {"vocabulary_size": self.vocabulary_size, "minimum_frequency": self.minimum_frequency}
        vocabulary = most_frequent(self.count(texts), **limits)
        if len(vocabulary) == len(SPECIAL_TOKENS):
            times = "once" if self.minimum_frequency == 1 else f"{self.minimum_frequency} times"
            message = f"no {self.options['type']} is seen {times} in the training split"
            raise data_error(message, fix="lower `minimum_frequency`")
        self.set_vocabulary(vocabulary)

    def normalize(self, strings: tf.Tensor) -> tf.Tensor:
        """The form of a text that `decode(encode(text))` gives back: NFKC, and lower case if asked."""
        strings = normalize_nfkc(strings)
        return normalize_nfkc(tf.strings.lower(strings, encoding="utf-8")) if self.lowercase else strings

    def split(self, strings: tf.Tensor) -> tf.RaggedTensor:
        """Cuts normalised strings, (batch,), into tokens, (batch, ragged)."""
        raise NotImplementedError

    def join(self, tokens: tf.RaggedTensor) -> tf.Tensor:
        """Puts tokens, (batch, ragged), together to strings, (batch,)."""
        raise NotImplementedError

    def encode(self, strings: tf.Tensor) -> tf.RaggedTensor:
        """Ids of strings, (batch,) to (batch, ragged) int32, without markers."""
        return self.ids_of(self.split(self.normalize(strings)))

    def ids_of(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        """Ids of tokens, (batch, ragged) strings to (batch, ragged) int32."""
        return tokens.with_flat_values(tf.cast(self._id_of_token.lookup(tokens.flat_values), tf.int32))

    def encode_lines(self, strings: tf.Tensor) -> tf.RaggedTensor:
        """As `encode`, but a line feed that is no token of its own becomes `</s>`."""
        if self.keeps_lines:
            return self.encode(strings)
        ended = tf.strings.split(strings + "\n", "\n")[:, :-1]  # else "" would have no line
        ids = self.encode(ended.flat_values)
        ids = tf.concat([ids, tf.fill((ids.nrows(), 1), END_ID)], axis=1)
        return ended.with_flat_values(ids).merge_dims(-2, -1)[:, :-1]

    def decode(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """Strings of ids, (batch, ragged) to (batch,)."""
        return self.join(ids.with_flat_values(self.texts_of(ids.flat_values)))

    def texts_of(self, ids: tf.Tensor) -> tf.Tensor:
        """The token of each id, of any shape."""
        return tf.gather(self._text_of_token, ids)

    def decode_lines(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """As `decode`, but `</s>` becomes a line feed."""
        ended = tf.concat([ids, tf.fill((ids.nrows(), 1), tf.cast(END_ID, ids.dtype))], axis=1)
        is_end = ended.with_flat_values(tf.cast(ended.flat_values == END_ID, tf.int64))
        ends = tf.where(is_end.flat_values)[:, 0] + 1
        lines = tf.RaggedTensor.from_row_splits(ended.flat_values, tf.concat([[0], ends], axis=0))
        texts = self.decode(lines[:, :-1]) + "\n"  # a separator would be left out beside an empty line
        texts = tf.RaggedTensor.from_row_lengths(texts, tf.reduce_sum(is_end, axis=1))
        return tf.strings.regex_replace(tf.strings.reduce_join(texts, axis=-1), r"\n\z", "")
