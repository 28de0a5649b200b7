"""Unaligned many-to-many: translation, transliteration, summarization."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import keras
from keras import ops

from kerasseq.layers.bridge import StateBridge
from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.token_decoder import TokenDecoder
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy, token_cross_entropy
from kerasseq.registry import create, register
from kerasseq.specs import Encoder, Hypotheses, Options, PositiveInt, Rate, Supplied, check_arguments

FIELDS = ("source", "target")
RECIPE_CONSTRAINTS = (
    ("data.share_vocabulary or not model.share_embeddings", "set data.share_vocabulary: true"),
)
Decoder = Annotated[Any, Options("kerasseq.layers.decoder:RecurrentDecoder")]


@register("model")
def build_seq2seq(
    *,
    source_vocabulary_size: Supplied[PositiveInt],
    target_vocabulary_size: Supplied[PositiveInt],
    embedding_dim: PositiveInt = 256,
    encoder: Encoder = "recurrent",
    decoder: Decoder = {},  # noqa: B006
    bridge: Literal["copy", "zero", "dense"] = "dense",
    dropout: Rate = 0.0,
    share_embeddings: bool = False,
    tie_embeddings: bool = False,
) -> keras.Model:
    """Builds an encoder-decoder with attention.

    Args:
        source_vocabulary_size: Source ids run from 0 (padding) to this, exclusive.
        target_vocabulary_size: Target ids, alike.
        embedding_dim: Width of both embeddings.
        encoder: A name from `layers/encoders/`, or a mapping with its options.
        decoder: Options of `RecurrentDecoder`, or one.
        bridge: How encoder states become decoder states.
        dropout: Rate on the embedded tokens of both sides.
        share_embeddings: One embedding for source and target, which then share a vocabulary.
        tie_embeddings: The target embedding scores the vocabulary as well.
    Returns:
        A functional model from `{"source": (batch, source_time), "target": (batch, target_time)}` to logits
        (batch, target_time, target_vocabulary_size). Targets begin with `<s>`; 0 is padding, on the right.
    Raises:
        ValueError: If embeddings of different vocabularies are to be shared.
    """
    check_arguments(
        build_seq2seq,
        source_vocabulary_size=source_vocabulary_size,
        target_vocabulary_size=target_vocabulary_size,
        embedding_dim=embedding_dim,
        bridge=bridge,
        dropout=dropout,
    )
    if share_embeddings and source_vocabulary_size != target_vocabulary_size:
        raise ValueError(
            "`share_embeddings` needs one vocabulary for both sides (`data.share_vocabulary: true`). "
            f"Received: source_vocabulary_size={source_vocabulary_size}, "
            f"target_vocabulary_size={target_vocabulary_size}"
        )
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    source_embedding = _embedding(source_vocabulary_size, embedding_dim, "source_embedding")
    target_embedding = source_embedding
    if not share_embeddings:
        target_embedding = _embedding(target_vocabulary_size, embedding_dim, "target_embedding")
    encoder = create("encoder", encoder, name="encoder")
    decoder = RecurrentDecoder(**decoder) if isinstance(decoder, Mapping) else decoder
    source_mask = ops.not_equal(source, 0)
    embedded = keras.layers.Dropout(dropout, name="source_dropout")(source_embedding(source))
    memory, states = encoder(embedded, padding_mask=source_mask)
    states = StateBridge(state_sizes=decoder.state_sizes, mode=bridge, name="bridge")(states)
    token_decoder = TokenDecoder(
        embedding=target_embedding,
        decoder=decoder,
        tie_embeddings=tie_embeddings,
        dropout=dropout,
        name="decoder",
    )
    logits = token_decoder(target, memory, source_mask, states)
    return keras.Model({"source": source, "target": target}, logits, name="seq2seq")


def _embedding(vocabulary_size: int, embedding_dim: int, name: str) -> keras.layers.Embedding:
    return keras.layers.Embedding(
        vocabulary_size,
        embedding_dim,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=embedding_dim**-0.5),
        name=name,
    )


@register("task")
class Seq2SeqTask:
    """What the stages need to know of a sequence-to-sequence model.

    Args:
        features: For each field its text feature.
    """

    fields = FIELDS
    input_field = "source"
    output_field = "target"

    def __init__(self, features: Mapping[str, Any]):
        self.features = features

    def build(self, **options: Any) -> keras.Model:
        """The model of a recipe's `model` section."""
        return build_seq2seq(
            source_vocabulary_size=self.features["source"].vocabulary_size,
            target_vocabulary_size=self.features["target"].vocabulary_size,
            **options,
        )

    @staticmethod
    def example(batch: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """Teacher forcing: from `<s> ids </s>` a field to the model's inputs and labels.

        The source keeps its `</s>`; the target is the label of the step before.
        """
        source, target = batch["source"], batch["target"]
        return {"source": source[:, 1:], "target": target[:, :-1]}, target[:, 1:]

    @staticmethod
    def loops(model: keras.Model) -> dict[str, str]:
        """What runs step by step, and why; for `explain`."""
        decoder = model.get_layer("decoder").decoder
        if decoder.attention is None:
            attention = "none"
        elif not decoder.feeds:
            attention = "outside the loop, once for all steps: `input_feeding` is off"
        elif decoder.attention.feeds_context:
            attention = "inside the loop: the next step's cell reads its context"
        else:
            attention = "inside the loop: `input_feeding` hands its vector to the next step"
        return {
            "cells": "only recurrent products in the loop; the inputs' are made before it, all steps at once",
            "attention": attention,
        }

    @staticmethod
    def loss(label_smoothing: float = 0.0) -> keras.losses.Loss:
        """Cross-entropy per real token."""
        return MaskedCrossEntropy(label_smoothing=label_smoothing)

    @classmethod
    def score(cls, model: keras.Model, batch: Mapping[str, Any]) -> tuple[Any, Any, Any]:
        """Under teacher forcing: log-probabilities, real tokens and right guesses, (batch,) each."""
        inputs, labels = cls.example(batch)
        logits = model(inputs, training=False)
        is_real = ops.not_equal(labels, 0)
        losses = ops.where(is_real, token_cross_entropy(labels, logits), 0.0)
        is_right = ops.logical_and(is_real, ops.equal(ops.argmax(logits, axis=-1), ops.cast(labels, "int64")))
        return (
            -ops.sum(losses, axis=1),
            ops.sum(ops.cast(is_real, "int32"), axis=1),
            ops.sum(ops.cast(is_right, "int32"), axis=1),
        )

    @staticmethod
    def begin(model: keras.Model, source: Any) -> dict[str, Any]:
        """Encodes `ids </s>`, (batch, source_time), into the decoding state."""
        mask = ops.not_equal(source, 0)
        memory, states = model.get_layer("encoder")(
            model.get_layer("source_embedding")(source), padding_mask=mask
        )
        return model.get_layer("decoder").begin(memory, mask, model.get_layer("bridge")(states))

    @staticmethod
    def step(model: keras.Model, tokens: Any, state: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Logits (batch, vocabulary) after `tokens` (batch,), and the state behind them."""
        return model.get_layer("decoder").step(tokens, state)

    def decode(
        self, model: keras.Model, encoded: Any, decoder: Any, *, with_attention: bool = False
    ) -> Hypotheses:
        """Decodes a batch of encoded inputs, `<s> ids </s>`, (batch, time)."""
        source = encoded[:, 1:]
        return decoder(
            lambda tokens, state: self.step(model, tokens, state),
            self.begin(model, source),
            batch_size=ops.shape(source)[0],
            max_length=decoder.limit(ops.sum(ops.cast(source != 0, "int32"), axis=1)),
            with_attention=with_attention,
        )
