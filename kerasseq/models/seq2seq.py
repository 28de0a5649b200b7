"""Unaligned many-to-many: translation, transliteration, summarization."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

import keras
from keras import ops

from kerasseq.layers.bridge import StateBridge
from kerasseq.layers.copying import known, numbered
from kerasseq.layers.decoder import RecurrentDecoder
from kerasseq.layers.dropout import Dropout
from kerasseq.layers.token_decoder import TokenDecoder
from kerasseq.layers.token_dropout import with_dropout
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.models.open_vocabulary import copies_shown, open_ids, with_texts
from kerasseq.models.task import Task
from kerasseq.models.teaching import teaching
from kerasseq.models.token_scores import MEASURES, token_figures, token_scores
from kerasseq.models.written_text import present_copies, present_texts
from kerasseq.registry import create, register
from kerasseq.specs import (
    PAD_ID,
    START_ID,
    UNKNOWN_ID,
    Encoder,
    Hypotheses,
    Options,
    PositiveInt,
    Rate,
    Raw,
    Signature,
    Supplied,
    check_arguments,
)

ANSWERS = "text"
FIELDS = ("source", "target")
FEATURES = {"source": ("text", "open_text"), "target": ("text", "open_text")}
DEFAULTS = {
    "data.features.source.type": "text",
    "data.features.target.type": "text",
    "evaluate.metrics": ["bleu", "exact_match"],
}
RECIPE_CONSTRAINTS = (
    ("data.share_vocabulary or not model.share_embeddings", "set data.share_vocabulary: true"),
    ("data.share_vocabulary or not model.decoder.copy", "set data.share_vocabulary: true"),
    (
        "model.decoder.copy or data.features.source.type != 'open_text'",
        "set model.decoder.copy: true, which writes unknown words, or take {type: text}",
    ),
    (
        "(data.features.source.type == 'open_text') == (data.features.target.type == 'open_text')",
        "take {type: open_text} for both: words are copied from one to the other",
    ),
    (
        "not model.decoder.copy or data.features.source.type != 'text' or "
        "data.features.source.tokenizer.type == 'subword'",
        "take {type: open_text}, which tells unknown words apart, for both sides, or the subword tokenizer",
    ),
    ("not model.decoder.copy or not train.label_smoothing", "leave it out: few unknown words can be copied"),
    ("decode is not None", "name a way to search, such as greedy or beam"),
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
    source_word_dropout: Rate = 0.0,
    target_word_dropout: Rate = 0.0,
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
        source_word_dropout: Share of the source's tokens that training replaces by the unknown one.
        target_word_dropout: Alike, of the tokens that the decoder is fed; what it has to write stays.
        share_embeddings: One embedding for source and target, which then share a vocabulary.
        tie_embeddings: The target embedding scores the vocabulary as well.
    Returns:
        A functional model from `{"source": (batch, source_time), "target": (batch, target_time)}` to logits
        (batch, target_time, target_vocabulary_size). Targets begin with `<s>`; 0 is padding, on the right.
        A decoder with `copy` reads and scores unknown words as well, numbered behind the vocabulary as
        `layers/copying.py` says.
    Raises:
        ValueError: If different vocabularies are to be shared, or copied from one to the other.
    """
    check_arguments(
        build_seq2seq, source_vocabulary_size=source_vocabulary_size, bridge=bridge, dropout=dropout,
        target_vocabulary_size=target_vocabulary_size, embedding_dim=embedding_dim,
        source_word_dropout=source_word_dropout, target_word_dropout=target_word_dropout,
    )  # fmt: skip
    decoder = RecurrentDecoder(**decoder) if isinstance(decoder, Mapping) else decoder
    copies = decoder.copy_gate is not None
    if (share_embeddings or copies) and source_vocabulary_size != target_vocabulary_size:
        raise ValueError(
            f"`{'share_embeddings' if share_embeddings else 'copy'}` needs one vocabulary for both sides "
            f"(`data.share_vocabulary: true`). Received: source_vocabulary_size={source_vocabulary_size}, "
            f"target_vocabulary_size={target_vocabulary_size}"
        )
    source = keras.Input((None,), dtype="int32", name="source")
    target = keras.Input((None,), dtype="int32", name="target")
    source_embedding = _embedding(source_vocabulary_size, embedding_dim, "source_embedding")
    target_embedding = source_embedding
    if not share_embeddings:
        target_embedding = _embedding(target_vocabulary_size, embedding_dim, "target_embedding")
    encoder = create("encoder", encoder, name="encoder")
    source_mask = ops.not_equal(source, 0)
    words = known(source, source_vocabulary_size) if copies else source
    embedded = source_embedding(with_dropout(words, source_word_dropout, name="source_word_dropout"))
    embedded = Dropout(dropout, name="source_dropout")(embedded)
    memory, states = encoder(embedded, padding_mask=source_mask)
    states = StateBridge(state_sizes=decoder.state_sizes, mode=bridge, name="bridge")(states)
    token_decoder = TokenDecoder(
        embedding=target_embedding, decoder=decoder, tie_embeddings=tie_embeddings, dropout=dropout,
        word_dropout=target_word_dropout, name="decoder",
    )  # fmt: skip
    copied = {"source_ids": source} if copies else {}
    logits = token_decoder(target, memory, source_mask, states, **copied)
    return keras.Model({"source": source, "target": target}, logits, name="seq2seq")


def _embedding(vocabulary_size: int, embedding_dim: int, name: str) -> keras.layers.Embedding:
    return keras.layers.Embedding(
        vocabulary_size,
        embedding_dim,
        embeddings_initializer=keras.initializers.RandomNormal(stddev=embedding_dim**-0.5),
        name=name,
    )


@register("task")
class Seq2SeqTask(Task):
    """What the stages need to know of a sequence-to-sequence model."""

    fields = FIELDS
    input_fields = ("source",)
    output_field = "target"
    measures = MEASURES

    def build(self, **options: Any) -> keras.Model:
        return build_seq2seq(
            source_vocabulary_size=self.features["source"].vocabulary_size,
            target_vocabulary_size=self.features["target"].vocabulary_size,
            **options,
        )

    @property
    def is_open(self) -> bool:
        """Whether the fields' unknown words are told apart."""
        return getattr(self.features.get("source"), "is_open", False)

    def example(self, batch: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """Teacher forcing: from `<s> ids </s>` a field to the model's inputs and labels.

        The source keeps its `</s>`; the target is the label of the step before.
        """
        if self.is_open:
            source, target = open_ids(batch, self.features["source"].vocabulary_size)
        else:
            source, target = batch["source"], batch["target"]
        return {"source": source[:, 1:], "target": target[:, :-1]}, target[:, 1:]

    @staticmethod
    def loops(model: keras.Model, *, sampling: str | None) -> dict[str, str]:
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
            "training": teaching(sampling),
        }

    @staticmethod
    def loss(label_smoothing: float = 0.0) -> keras.losses.Loss:
        """Cross-entropy per real token."""
        return MaskedCrossEntropy(label_smoothing=label_smoothing)

    def score(self, model: keras.Model, batch: Mapping[str, Any], state: Any) -> tuple[dict[str, Any], Any]:
        """Under teacher forcing: log-probabilities, real tokens and right guesses."""
        inputs, labels = self.example(batch)
        return token_scores(labels, model(inputs, training=False)), state

    def figures(self, sums: Mapping[str, float]) -> dict[str, float]:
        return token_figures(sums)

    @staticmethod
    def begin(model: keras.Model, source: Any) -> dict[str, Any]:
        """Encodes `ids </s>`, (batch, source_time), into the decoding state."""
        mask, decoder = ops.not_equal(source, 0), model.get_layer("decoder")
        embedding = model.get_layer("source_embedding")
        words = known(source, embedding.input_dim) if decoder.copies else source
        memory, states = model.get_layer("encoder")(embedding(words), padding_mask=mask)
        return decoder.begin(memory, mask, model.get_layer("bridge")(states), source)

    @staticmethod
    def step(model: keras.Model, tokens: Any, state: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Logits (batch, vocabulary) after `tokens` (batch,), and the state behind them."""
        return model.get_layer("decoder").step(tokens, state)

    def decode(
        self, model: keras.Model, encoded: Any, decoder: Any, *, with_attention: bool = False
    ) -> Hypotheses:
        """Decodes a batch of sources, `<s> ids </s>`, (batch, time).

        Where unknown words can be copied, none is written as `<unk>`.
        """
        source = encoded[:, 1:]
        forbidden = {"forbidden_ids": (PAD_ID, UNKNOWN_ID, START_ID)} if self.is_open else {}
        return decoder(
            lambda tokens, state: self.step(model, tokens, state),
            self.begin(model, source),
            batch_size=ops.shape(source)[0],
            max_length=decoder.limit(ops.sum(ops.cast(source != 0, "int32"), axis=1)),
            with_attention=with_attention,
            **forbidden,
            **self.stops(decoder),
        )

    def respond(
        self, model: keras.Model, encoded: Mapping[str, Any], decoder: Any, *, detailed: bool = False
    ) -> dict[str, Any]:
        """The fields of `Hypotheses`, with attention where `detailed`.

        Unknown words that were copied stand as their places in the source, counted from the vocabulary's end.
        """
        source = encoded["source"]
        size = self.features["source"].vocabulary_size if self.is_open else None
        if self.is_open:
            source = numbered(source["ids"], size)
        found = self.decode(model, source, decoder, with_attention=detailed)
        if self.is_open:
            found = found._replace(tokens=copies_shown(found.tokens, source[:, 1:], size))
        return {name: part for name, part in found._asdict().items() if part is not None}

    def question_batches(self, split: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
        batches = super().question_batches(split)
        if not self.is_open:
            return batches
        return with_texts(batches, "source", self.questions(split)[0])

    def present(self, encoded: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        present = present_copies if self.is_open else present_texts
        return present(self.features["source"], self.features["target"], encoded["source"], answers)

    def signatures(self, model: keras.Model, decoder: Any) -> dict[str, Signature]:
        """From strings to strings, and from pairs of strings to log-probabilities.

        - `serving_default`: `text` (batch,) -> `text`, `score` (batch,), and the best hypotheses that the
          recipe's `decode` keeps, best first: `n_best_text`, `n_best_score` (batch, num_hypotheses).
        - `score`: `source`, `target` (batch,) -> `log_probability` of the target, `num_tokens` (batch,).
        """
        source, target = self.features["source"], self.features["target"]

        def serve(text: Any) -> dict[str, Any]:
            found = self.respond(model, {"source": source.encode(text)}, decoder)
            copied = (text,) if self.is_open else ()
            texts, scores = target.decode(found["tokens"], *copied), found["scores"]  # (batch, n_best)
            best = {"text": texts[:, 0], "score": scores[:, 0]}
            return {**best, "n_best_text": texts, "n_best_score": scores}

        def score(**texts: Any) -> dict[str, Any]:
            batch = {field: self.features[field].encode(texts[field]) for field in self.fields}
            found, _ = self.score(model, batch, ())
            return {name: found[name] for name in ("log_probability", "num_tokens")}

        strings = Raw("string", (None,))
        return {
            "serving_default": Signature({"text": strings}, serve),
            "score": Signature(dict.fromkeys(self.fields, strings), score),
        }
