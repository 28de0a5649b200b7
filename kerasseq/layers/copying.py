"""Copying words of the source, those that are in no vocabulary as well (pointer-generator networks).

A source has its own extension of the vocabulary: its unknown words are numbered behind it, each once, in the
order in which they first stand there. The next word is then one of both:

    p_gen = sigmoid(w_c c_t + w_s s_t + w_x x_t + b)
    P(w) = p_gen P_vocabulary(w) + (1 - p_gen) sum of a_tj over the places j of w in the source

with the context c_t, the decoder's state s_t and input x_t, and the attention a_t.
See et al. 2017, section 2.2, https://arxiv.org/abs/1704.04368
"""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.affine import linear
from kerasseq.specs import UNKNOWN_ID

MOST_UNKNOWN = 100
"""Different unknown words of one source that can be copied; the logits have a fixed place for each."""

SMALLEST = 1e-30  # has a logarithm in single precision


@keras.saving.register_keras_serializable("kerasseq")
class CopyGate(keras.layers.Layer):
    """The logit of p_gen, the probability that the next word is written and not copied.

    Call arguments:
        weights: Attention over the source, a_t, (batch, [target_time,] source_time).
        prepared: From `prepare`, (batch, source_time).
        state: s_t, (batch, [target_time,] units).
        inputs: x_t, (batch, [target_time,] embedding_dim).
    Returns:
        (batch, [target_time]).
    """

    def build(self, memory_width: int, units: int, embedding_dim: int) -> None:
        sizes = {"memory_kernel": memory_width, "state_kernel": units, "input_kernel": embedding_dim}
        for name, size in sizes.items():
            setattr(self, name, self.add_weight(name=name, shape=(size, 1), initializer="glorot_uniform"))
        self.bias = self.add_weight(name="bias", shape=(1,), initializer="zeros")
        self.built = True

    def prepare(self, memory: Any) -> Any:
        """w_c h_j of each place, whose mean under the attention is w_c c_t."""
        return ops.squeeze(linear(memory, ops.cast(self.memory_kernel, memory.dtype)), axis=-1)

    def call(self, weights: Any, prepared: Any, state: Any, inputs: Any) -> Any:
        rows = weights if len(weights.shape) == 3 else weights[:, None]  # (batch, target_time, source_time)
        of_context = ops.reshape(ops.matmul(rows, prepared[..., None]), ops.shape(weights)[:-1])
        of_rest = linear(state, self.state_kernel, self.bias) + linear(inputs, self.input_kernel)
        return of_context + ops.squeeze(of_rest, axis=-1)


def with_copies(logits: Any, gate: Any, weights: Any, source_ids: Any) -> Any:
    """Log-probabilities of the vocabulary and of a source's unknown words behind it, in single precision.

    Args:
        logits: Of the vocabulary, (batch, [target_time,] vocabulary_size).
        gate: The logit of p_gen, (batch, [target_time]).
        weights: Attention over the source, (batch, [target_time,] source_time); 0 at padding.
        source_ids: From `numbered`, (batch, source_time).
    Returns:
        (batch, [target_time,] vocabulary_size + MOST_UNKNOWN).
    """
    shape, source_time = ops.shape(logits)[:-1], ops.shape(source_ids)[1]
    size = logits.shape[-1] + MOST_UNKNOWN
    chances = ops.sigmoid(ops.cast(gate, "float32"))[..., None]
    written = chances * ops.softmax(ops.cast(logits, "float32"), axis=-1)
    written = ops.pad(written, [(0, 0)] * (len(logits.shape) - 1) + [(0, MOST_UNKNOWN)])
    copied = (1 - chances) * ops.cast(weights, "float32")

    places = source_ids if len(weights.shape) == 2 else source_ids[:, None]
    places = ops.reshape(ops.broadcast_to(places, ops.shape(weights)), (-1, source_time))
    rows = ops.arange(ops.shape(places)[0], dtype="int32")[:, None] * size
    indices = ops.reshape(rows + ops.cast(places, "int32"), (-1, 1))
    # Several places may have the same word: they are added up.
    copied = ops.scatter(indices, ops.reshape(copied, (-1,)), (ops.size(written),))
    return ops.log(ops.maximum(written + ops.reshape(copied, (*shape, size)), SMALLEST))


def numbered(source_ids: Any, vocabulary_size: int) -> Any:
    """Numbers a source's unknown words behind the vocabulary, in the order in which they first stand there.

    Args:
        source_ids: Ids, (batch, source_time), int32; unknown words have any behind the vocabulary, each word
            its own.
        vocabulary_size: Where the vocabulary ends.
    Returns:
        Ids below vocabulary_size + MOST_UNKNOWN, the unknown token's for words beyond that.
    """
    is_unknown = source_ids >= vocabulary_size
    first = _first_places(source_ids, source_ids)
    is_new = ops.logical_and(is_unknown, first == ops.arange(ops.shape(source_ids)[1], dtype="int32"))
    number = ops.take_along_axis(ops.cumsum(ops.cast(is_new, "int32"), axis=1) - 1, first, axis=1)
    behind = ops.where(number < MOST_UNKNOWN, vocabulary_size + number, UNKNOWN_ID)
    return ops.where(is_unknown, behind, source_ids)


def numbered_alike(target_ids: Any, source_ids: Any, vocabulary_size: int) -> Any:
    """Gives a target's unknown words the numbers that they have in its source, or the unknown token's id.

    Args:
        target_ids: (batch, target_time), unknown words as in `source_ids`.
        source_ids: What `numbered` was given, (batch, source_time).
        vocabulary_size: Where the vocabulary ends.
    """
    first = _first_places(target_ids, source_ids)
    is_there = ops.take_along_axis(source_ids, first, axis=1) == target_ids
    number = ops.take_along_axis(numbered(source_ids, vocabulary_size), first, axis=1)
    return ops.where(target_ids < vocabulary_size, target_ids, ops.where(is_there, number, UNKNOWN_ID))


def known(ids: Any, vocabulary_size: int) -> Any:
    """Ids that have an embedding: the unknown token's in place of those behind the vocabulary."""
    return ops.where(ids < vocabulary_size, ids, UNKNOWN_ID)


def pointed_at(tokens: Any, source_ids: Any, vocabulary_size: int) -> Any:
    """Says of copied unknown words where they stand, as vocabulary_size + place in the source.

    Args:
        tokens: (batch, time), ids as the decoder writes them.
        source_ids: From `numbered`, (batch, source_time).
        vocabulary_size: Where the vocabulary ends.
    """
    return ops.where(tokens < vocabulary_size, tokens, vocabulary_size + _first_places(tokens, source_ids))


def _first_places(ids: Any, source_ids: Any) -> Any:
    """Where each id first stands in the source, (batch, time); 0 where it does not."""
    is_same = ids[:, :, None] == source_ids[:, None, :]  # (batch, time, source_time)
    return ops.cast(ops.argmax(ops.cast(is_same, "int32"), axis=-1), "int32")
