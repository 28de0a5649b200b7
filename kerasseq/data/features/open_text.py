"""A field that holds text with words that no vocabulary knows."""

from __future__ import annotations

import tensorflow as tf

from kerasseq.data.features.text import TextFeature, is_text, marked
from kerasseq.data.layout import OpenTokens
from kerasseq.registry import register
from kerasseq.specs import END_ID, SPECIAL_TOKENS, UNKNOWN_ID

MOST_IDS = 2**31 - 1

CONSTRAINTS = (
    ("tokenizer.type != 'subword'", "pieces leave no word unknown: take {type: text} and copy the pieces"),
    ("not truncate or max_length is not None", "say with `max_length` how much is kept"),
)


@register("feature")
class OpenText(TextFeature):
    """Text whose unknown words are told apart, so that a decoder with `copy` can write them as they stood.

    An unknown word has an id behind the vocabulary, a hash of its letters: the same one wherever it stands. A
    batch is the ids, `<s> ids </s>`, and the texts as far as they are at hand: prepared data holds none.

    Args:
        tokenizer: How text is cut into tokens.
        max_length: Training examples with more tokens are left out; markers are not counted.
        truncate: Whether texts with more tokens, in every split, are cut off there instead.
    """

    is_open = True
    layout = OpenTokens()
    spec = layout.spec
    dtype = "(2,)int32"

    def encode_ragged(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """For each token its id, the unknown token's where it is unknown, and the id that tells it apart."""
        tokens = self._tokens(texts)
        ids = self.tokenizer.ids_of(tokens)
        apart = self._apart(tokens.flat_values, ids.flat_values)
        return ids.with_flat_values(tf.stack([ids.flat_values, apart], axis=1))

    def encode(self, texts: tf.Tensor) -> dict[str, tf.Tensor]:
        """`ids`, (batch, time) int32 with markers, padded on the right, and the `text`, (batch,)."""
        pairs = self.encode_ragged(texts)
        ids = pairs.with_flat_values(pairs.flat_values[:, 1])
        return {"ids": marked(ids), "text": tf.convert_to_tensor(texts, tf.string)}

    def decode(self, ids: tf.Tensor, sources: tf.Tensor) -> tf.Tensor:
        """Text of ids up to the first `</s>`, (batch, ..., time) integers to (batch, ...) strings.

        Args:
            ids: An id behind the vocabulary is the place of a source's token, counted from there.
            sources: The texts that were read, (batch,).
        """
        rows = tf.reshape(tf.cast(ids, tf.int32), (tf.shape(ids)[0], -1))
        words = self.words(sources).to_tensor("")
        size = self.vocabulary_size
        last = tf.maximum(tf.shape(words)[1] - 1, 0)
        copied = tf.gather(words, tf.clip_by_value(rows - size, 0, last), batch_dims=1)
        tokens = tf.where(rows < size, self.tokenizer.texts_of(tf.minimum(rows, size - 1)), copied)
        shape = tf.concat([[-1], tf.shape(ids)[-1:]], axis=0)
        is_kept = is_text(tf.reshape(rows, shape))
        texts = self.tokenizer.join(tf.ragged.boolean_mask(tf.reshape(tokens, shape), is_kept))
        return tf.reshape(texts, tf.shape(ids)[:-1])

    def words(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """The tokens of texts as they stand there, and `</s>`: (batch,) to (batch, ragged) strings."""
        tokens = self._tokens(texts)
        return tf.concat([tokens, tf.fill((tokens.nrows(), 1), SPECIAL_TOKENS[END_ID])], axis=1)

    def _tokens(self, texts: tf.Tensor) -> tf.RaggedTensor:
        return self._cut(self.tokenizer.split(self.tokenizer.normalize(texts)))

    def _apart(self, tokens: tf.Tensor, ids: tf.Tensor) -> tf.Tensor:
        size = self.vocabulary_size
        number = tf.cast(tf.strings.to_hash_bucket_fast(tokens, MOST_IDS - size), tf.int32)
        return tf.where(ids == UNKNOWN_ID, size + number, ids)
