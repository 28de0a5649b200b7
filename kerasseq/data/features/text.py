"""A field that holds text."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import tensorflow as tf

from kerasseq import registry
from kerasseq.data.layout import MarkedTokens
from kerasseq.data.token_cache import vocabulary_checksum
from kerasseq.data.vocabulary import id_dtype, read_vocabulary, write_vocabulary
from kerasseq.registry import register
from kerasseq.specs import END_ID, PAD_ID, START_ID, PositiveInt, Tokenizer, check_arguments

CONSTRAINTS = (("not truncate or max_length is not None", "say with `max_length` how much is kept"),)


@register("feature")
class TextFeature(tf.Module):
    """Text as `<s> ids </s>`, padded on the right with 0.

    A tf.Module: a SavedModel that uses it carries its vocabulary.

    Args:
        tokenizer: How text is cut into tokens.
        max_length: Training examples with more tokens are left out; markers are not counted.
        truncate: Whether texts with more tokens, in every split, are cut off there instead.
    Raises:
        ValueError: If there is no `max_length` to truncate to.
    Attributes:
        layout: How its ids stand in a batch.
        spec: What a batch of it is.
        size_option: The option that limits how many ids there are.
        is_open: Whether unknown words are told apart.
    """

    is_open = False
    layout = MarkedTokens()
    spec = layout.spec
    size_option = ("tokenizer", "vocabulary_size")

    def __init__(
        self,
        *,
        tokenizer: Tokenizer = "word",
        max_length: PositiveInt | None = None,
        truncate: bool = False,
    ):
        super().__init__()
        check_arguments(TextFeature.__init__, max_length=max_length)
        if truncate and max_length is None:
            raise ValueError("`truncate` needs a `max_length`. Received: max_length=None")
        self.tokenizer = registry.create("tokenizer", tokenizer)
        self.max_length = max_length
        self.truncate = truncate

    @property
    def vocabulary(self) -> list[str]:
        """Every token; its place is its id."""
        return self.tokenizer.vocabulary

    @property
    def vocabulary_size(self) -> int:
        """How many tokens there are, special ones included."""
        return len(self.vocabulary)

    @property
    def most_ids(self) -> int | None:
        """The most ids that there will be; None where only data say."""
        return self.tokenizer.vocabulary_size

    @property
    def options(self) -> dict[str, Any]:
        """What decides which ids a text becomes, but for the vocabulary; for the cache's key."""
        cut = {"cut_at": self.max_length} if self.truncate else {}
        return {**self.vocabulary_options, **cut}

    @property
    def vocabulary_options(self) -> dict[str, Any]:
        """What decides which vocabulary is learned, but for the texts."""
        return {"type": type(self).__module__.rpartition(".")[2], "tokenizer": self.tokenizer.options}

    @property
    def dtype(self) -> str:
        """Of its ids on disk."""
        return id_dtype(self.vocabulary_size)

    @property
    def checksum(self) -> str:
        """SHA-256 of what it learned, for the cache's key."""
        return vocabulary_checksum(self.vocabulary)

    def check(self, texts: Iterable[str]) -> None:
        """Takes every text: a word that was not learned is the unknown token."""

    def learn(self, texts: Iterable[str]) -> None:
        """Takes the vocabulary from a stream of texts."""
        self.tokenizer.learn(texts)

    def save(self, path: Path) -> None:
        """Writes the vocabulary as plain text, one token a line."""
        write_vocabulary(Path(path), self.vocabulary)

    def load(self, path: Path) -> None:
        """Reads the vocabulary that `save` wrote.

        Raises:
            DataError: Names the file and line of what is wrong.
        """
        self.tokenizer.set_vocabulary(read_vocabulary(Path(path)))

    def encode_ragged(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """Ids without markers, (batch,) strings to (batch, ragged) int32."""
        return self._cut(self.tokenizer.encode(texts))

    def _cut(self, tokens: tf.RaggedTensor) -> tf.RaggedTensor:
        return tokens[:, : self.max_length] if self.truncate else tokens

    def ids_of(self, texts: Iterable[str]) -> tuple[tuple[int, ...], ...]:
        """Ids without markers of a few texts: numbers, even while a graph is traced."""
        with tf.init_scope():
            return tuple(map(tuple, self.encode_ragged(tf.constant(list(texts))).to_list()))

    def encode_lines(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """As `encode_ragged`, but a line feed is a token: `</s>` where the tokenizer has none of its own."""
        return self._cut(self.tokenizer.encode_lines(texts))

    def decode_lines(self, ids: tf.RaggedTensor) -> tf.Tensor:
        """What `encode_lines` was given, (batch, ragged) to (batch,) strings; `</s>` is a line feed."""
        return self.tokenizer.decode_lines(ids)

    def encode(self, texts: tf.Tensor) -> tf.Tensor:
        """Ids with markers, (batch,) strings to (batch, time) int32, padded on the right."""
        return marked(self.encode_ragged(texts))

    def encode_document(self, texts: tf.Tensor) -> tf.Tensor:
        """As `encode`, but a line feed is a token, as in running text."""
        return marked(self.encode_lines(tf.convert_to_tensor(texts, tf.string)))

    def decode_document(self, ids: tf.Tensor) -> tf.Tensor:
        """What `encode_document` was given, (batch, time) integers to (batch,) strings."""
        ids = tf.cast(ids, tf.int32)
        is_token = (ids != PAD_ID) & (ids != START_ID)
        is_last = tf.cumsum(tf.cast(is_token, tf.int32), axis=1, reverse=True) == 1
        return self.decode_lines(tf.ragged.boolean_mask(ids, is_token & ~(is_last & (ids == END_ID))))

    def decode(self, ids: tf.Tensor) -> tf.Tensor:
        """Text of ids up to the first `</s>`, (..., time) integers to (...) strings."""
        rows = tf.reshape(tf.cast(ids, tf.int32), (-1, tf.shape(ids)[-1]))
        texts = self.tokenizer.decode(tf.ragged.boolean_mask(rows, is_text(rows)))
        return tf.reshape(texts, tf.shape(ids)[:-1])


def marked(ids: tf.RaggedTensor) -> tf.Tensor:
    """`<s> ids </s>`, padded on the right: (batch, ragged) to (batch, time) int32."""
    lengths = tf.cast(ids.row_lengths(), tf.int32)
    padded = tf.pad(ids.to_tensor(PAD_ID), [[0, 0], [1, 1]], constant_values=PAD_ID)  # room for both
    places = tf.range(tf.shape(padded)[1])
    marked = tf.where(places == lengths[:, None] + 1, END_ID, padded)
    return tf.where(places == 0, START_ID, marked)


def is_text(ids: tf.Tensor) -> tf.Tensor:
    """False at markers, and from the first `</s>` on: (rows, time) to (rows, time)."""
    before_end = tf.cumsum(tf.cast(ids == END_ID, tf.int32), axis=1) == 0
    return before_end & (ids != PAD_ID) & (ids != START_ID)
