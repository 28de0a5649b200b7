"""Aligned many-to-many: a tag for each word of a sentence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasseq.errors import DataError
from kerasseq.layers.crf import CRF
from kerasseq.layers.dropout import Dropout
from kerasseq.layers.token_dropout import TokenDropout
from kerasseq.models.tag_sequences import TagLoss, best_tags, log_probabilities
from kerasseq.models.task import Task
from kerasseq.registry import create, register
from kerasseq.specs import (
    PAD_ID,
    UNKNOWN_ID,
    Characters,
    Encoder,
    PositiveInt,
    Rate,
    Raw,
    Signature,
    Supplied,
    check_arguments,
)
from kerasseq.tag_schemes import may_follow

ANSWERS = "tags"
FIELDS = ("tokens", "tags")
FEATURES = {"tokens": "words", "tags": "tags"}
DEFAULTS = {
    "data.features.tokens.type": "words",
    "data.features.tags.type": "tags",
    "model.encoder.bidirectional": True,
    "decode": None,
    "evaluate.metrics": ["tag_accuracy"],
    "evaluate.baseline": ["most_frequent_tag", "hmm"],
}
RECIPE_CONSTRAINTS = (
    ("decode is None", "leave it out: the likeliest tags are found as they are, with `crf` by Viterbi"),
    ("train.scheduled_sampling is None", "leave it out: a tagger reads no tags"),
    ("not data.share_vocabulary", "leave it out: tags are not words"),
    ("not model.crf or train.label_smoothing == 0", "a CRF has no labels to smooth: leave one of both out"),
)
BETWEEN = "\t"


@register("model")
def build_sequence_tagger(
    *,
    vocabulary_size: Supplied[PositiveInt],
    num_characters: Supplied[PositiveInt],
    num_tags: Supplied[PositiveInt],
    allowed: Supplied[Sequence[Sequence[bool]] | None] = None,
    embeddings: Supplied[Any] = None,
    embedding_dim: PositiveInt = 100,
    train_embedding: bool = True,
    word_dropout: Rate = 0.0,
    characters: Characters = "cnn",
    input_dropout: Rate = 0.0,
    encoder: Encoder = "recurrent",
    output_dropout: Rate = 0.0,
    crf: bool = False,
) -> keras.Model:
    """Builds a tagger: words and their characters, an encoder, and scores of tags.

    It compiles and fits like any other model, with `MaskedCrossEntropy`, or with `crf` with `CRFLoss`.

    Args:
        vocabulary_size: Word ids run from 0 (padding) to this, exclusive.
        num_characters: Character ids, alike.
        num_tags: Tags, alike.
        allowed: Which tag may follow which; see `CRF`.
        embeddings: What the words' embedding begins as, (vocabulary_size, embedding_dim); random where it is
            not a number.
        embedding_dim: Width of the words' embedding.
        train_embedding: Whether training changes the words' embedding.
        word_dropout: Share of the words that training hides from the words' embedding.
        characters: What is read of a word's characters: a name from `layers/characters/`, or a mapping with
            its options.
        input_dropout: Rate on what the encoder reads.
        encoder: A name from `layers/encoders/`, or a mapping with its options.
        output_dropout: Rate on what the encoder gives.
        crf: Whether tags are scored as a chain, each behind the one before it, and not each for itself.
    Returns:
        A functional model from `{"words": (batch, time), "characters": (batch, time, characters)}`, 0 being
        padding on the right, to logits (batch, time, num_tags), or with `crf` to the potentials of a chain,
        (batch, time, num_tags, num_tags). Without `characters` it takes no characters.
    Raises:
        ValueError: If an option is out of its range, or `embeddings` are of another size.
    """
    check_arguments(
        build_sequence_tagger,
        vocabulary_size=vocabulary_size,
        num_tags=num_tags,
        embedding_dim=embedding_dim,
        word_dropout=word_dropout,
        input_dropout=input_dropout,
        output_dropout=output_dropout,
    )
    words = keras.Input((None,), dtype="int32", name="words")
    inputs, mask = {"words": words}, ops.not_equal(words, PAD_ID)
    embedding = keras.layers.Embedding(
        vocabulary_size,
        embedding_dim,
        keras.initializers.RandomNormal(stddev=embedding_dim**-0.5),
        trainable=train_embedding,
        name="embedding",
    )
    read = embedding(TokenDropout(rate=word_dropout, name="word_dropout")(words))
    if embeddings is not None:
        _begin_with(embedding, embeddings)
    reader = create("characters", characters, num_characters=num_characters, name="character_reader")
    if reader is not None:
        inputs["characters"] = keras.Input((None, None), dtype="int32", name="characters")
        read = keras.layers.Concatenate(name="word_and_characters")([read, reader(inputs["characters"])])
    read = Dropout(input_dropout, name="input_dropout")(read)
    outputs, _ = create("encoder", encoder, name="encoder")(read, padding_mask=mask)
    outputs = Dropout(output_dropout, name="output_dropout")(outputs)
    scores = keras.layers.Dense(num_tags, name="tags")(outputs)
    if crf:
        scores = CRF(num_tags=num_tags, allowed=allowed, name="crf")(scores, mask=mask)
    return keras.Model(inputs, scores, name="sequence_tagger")


def _begin_with(embedding: keras.layers.Embedding, given: Any) -> None:
    """Gives an embedding's rows what there is; an initializer would write it all into the saved config."""
    table, given = ops.convert_to_numpy(embedding.embeddings), np.asarray(given, "float32")
    if given.shape != table.shape:
        message = f"`embeddings` must be (vocabulary_size, embedding_dim) = {table.shape}"
        raise ValueError(f"{message}. Received: embeddings.shape={given.shape}")
    embedding.embeddings.assign(np.where(np.isnan(given), table, given))


@register("task")
class SequenceTaggerTask(Task):
    """What the stages need to know of a tagger."""

    fields = FIELDS
    input_fields = ("tokens",)
    output_field = "tags"
    measures = ("loss", "tag_accuracy")

    def __init__(self, features: Mapping[str, Any]):
        super().__init__(features)
        self._inputs = ("words", "characters")

    def build(self, **options: Any) -> keras.Model:
        words, tags = self.features["tokens"], self.features["tags"]
        allowed = None
        if tags.scheme is not None:
            allowed = allowed_transitions(tags.vocabulary, tags.scheme)
        model = build_sequence_tagger(
            vocabulary_size=words.vocabulary_size,
            num_characters=words.num_characters,
            num_tags=tags.vocabulary_size,
            allowed=allowed,
            embeddings=words.vectors,
            **options,
        )
        self._inputs = tuple(model.input)  # Keras takes what a model reads and nothing more
        return model

    def example(self, batch: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        return self._read(batch), batch["tags"]

    def _read(self, batch: Mapping[str, Any]) -> dict[str, Any]:
        return {name: batch["tokens"][name] for name in self._inputs}

    @staticmethod
    def loss(label_smoothing: float = 0.0) -> keras.losses.Loss:
        """Cross-entropy per word, or of the chain that a CRF scores."""
        return TagLoss(label_smoothing=label_smoothing)

    def num_tokens(self, split: Any) -> int:
        return split.num_tokens("tokens")

    def questions(self, split: Any) -> tuple[list[Any], list[Any]]:
        """Sentences, and their tags in the scheme that is learned."""
        inputs, references = super().questions(split)
        tags_of = self.features["tags"].tags_of
        return inputs, [BETWEEN.join(tags_of(text)) for text in references]

    def encode(self, inputs: list[Any]) -> dict[str, Any]:
        """Encodes sentences: texts with blanks between words, or lists of words."""
        return super().encode([given if isinstance(given, str) else BETWEEN.join(given) for given in inputs])

    def encode_examples(self, columns: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Encodes sentences with their tags.

        Raises:
            DataError: If there is not a tag for each word.
        """
        encoded = super().encode_examples(columns)
        words = np.count_nonzero(encoded["tokens"]["words"], axis=1)
        tags = np.count_nonzero(encoded["tags"], axis=1)
        for text, num_words, num_tags in zip(columns["tokens"], words, tags, strict=True):
            if num_words != num_tags:
                message = f"there are {num_words} words, but {num_tags} tags: {text!r}"
                raise DataError(f"{message}\n  fix: give a tag for each word, with blanks between")
        return encoded

    def loops(self, model: keras.Model, *, sampling: str | None) -> dict[str, str]:
        return {
            "cells": "only recurrent products in the loop; the inputs' are made before it, all steps at once"
        }

    def score(self, model: keras.Model, batch: Mapping[str, Any], state: Any) -> tuple[dict[str, Any], Any]:
        """Log-probabilities of the right tags, and how many words are tagged right."""
        inputs, tags = self.example(batch)
        outputs = model(inputs, training=False)
        mask = ops.not_equal(tags, PAD_ID)
        found, _ = best_tags(outputs, mask)
        is_right = ops.logical_and(ops.equal(found, tags), mask)
        return {
            "log_probability": log_probabilities(tags, outputs),
            "num_right": ops.sum(ops.cast(is_right, "int32"), axis=1),
            "num_tokens": ops.sum(ops.cast(mask, "int32"), axis=1),
        }, state

    def figures(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Every word weighs the same."""
        num_tokens = max(sums["num_tokens"], 1)
        return {
            "loss": -sums["log_probability"] / num_tokens,
            "tag_accuracy": sums["num_right"] / num_tokens,
        }

    def respond(
        self, model: keras.Model, encoded: Mapping[str, Any], decoder: Any, *, detailed: bool = False
    ) -> dict[str, Any]:
        """`tags` and the probability of each, `scores` (batch, time), and that of all, `score` (batch,)."""
        outputs = model(self._read(encoded), training=False)
        mask = ops.not_equal(encoded["tokens"]["words"], PAD_ID)
        tags, scores = best_tags(outputs, mask)
        return {"tags": tags, "scores": scores, "score": log_probabilities(tags, outputs)}

    def present(self, encoded: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """`prediction` has a tab between tags; `score` is the log-probability of all of them together."""
        names = self.features["tags"].vocabulary
        lengths = np.count_nonzero(encoded["tokens"]["words"], axis=1)
        for row, length in enumerate(lengths):
            tags = [names[tag] for tag in answers["tags"][row, :length]]
            scores = answers["scores"][row, :length].astype("float64").round(4).tolist()
            score = round(float(answers["score"][row]), 6)
            yield {"prediction": BETWEEN.join(tags), "score": score, "tags": tags, "scores": scores}

    def signatures(self, model: keras.Model, decoder: Any) -> dict[str, Signature]:
        """From sentences to tags.

        - `serving_default`: `text` (batch,), with blanks between words -> `tokens`, `tags` and the
          probability of each tag, `scores`, (batch, time), padded with "" and 0, and `score` (batch,), the
          log-probability of all tags of a sentence.
        - `words`: the same from `tokens` (batch, time), padded with "".
        """
        words, tags = self.features["tokens"], self.features["tags"]

        def answer(tokens: Any) -> dict[str, Any]:
            found = self.respond(model, {"tokens": words.encode_words(tokens)}, decoder)
            names = tags.decode(found["tags"])
            return {
                "tokens": words.padded(tokens),
                "tags": names,
                "scores": found["scores"],
                "score": found["score"],
            }

        return {
            "serving_default": Signature(
                {"text": Raw("string", (None,))}, lambda text: answer(words.split(text))
            ),
            "words": Signature(
                {"tokens": Raw("string", (None, None))}, lambda tokens: answer(words.unpadded(tokens))
            ),
        }


def allowed_transitions(tags: Sequence[str], scheme: str) -> list[list[bool]]:
    """Which of a feature's tags may follow which in a scheme, as `CRF` takes it.

    The first two, padding and the unknown tag, may stand anywhere.
    """
    names = [*tags, None]

    def may(before: int, tag: int) -> bool:
        is_free = before <= UNKNOWN_ID or tag <= UNKNOWN_ID
        return (
            is_free or (names[before] is names[tag] is None) or may_follow(names[before], names[tag], scheme)
        )

    return [[may(before, tag) for tag in range(len(names))] for before in range(len(names))]
