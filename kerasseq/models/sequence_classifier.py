"""Many-to-one: one class for a whole text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
from keras import ops

from kerasseq.layers.sequence_summary import SequenceSummary
from kerasseq.losses.class_cross_entropy import ClassCrossEntropy
from kerasseq.losses.masked_cross_entropy import token_cross_entropy
from kerasseq.models.task import Task
from kerasseq.registry import register
from kerasseq.specs import (
    PAD_ID,
    Encoder,
    Pooling,
    PositiveInt,
    Rate,
    Raw,
    Signature,
    Supplied,
    check_arguments,
)

FIELDS = ("input", "label")
FEATURES = {"input": "text", "label": "label"}
DEFAULTS = {
    "data.features.label.type": "label",
    "decode": None,
    "evaluate.metrics": ["accuracy", "macro_f1", "confusion", "calibration"],
    "evaluate.baseline": ["majority", "bag_of_words"],
}
RECIPE_CONSTRAINTS = (
    ("decode is None", "leave it out: a class is not searched for"),
    ("train.scheduled_sampling is None", "leave it out: a classifier writes no tokens"),
    ("not data.share_vocabulary", "leave it out: classes are not words"),
)
CONSTRAINTS = (
    (
        "pooling.type != 'last' or encoder.dropout == 0 or encoder.num_layers > 1",
        "a single layer's last state is not dropped: take `output_dropout`, or another pooling",
    ),
)
MOST_SHOWN = 20  # classes whose probabilities stand in a line of predictions.jsonl, the likeliest


@register("model")
def build_sequence_classifier(
    *,
    vocabulary_size: Supplied[PositiveInt],
    num_classes: Supplied[PositiveInt],
    embedding_dim: PositiveInt = 128,
    encoder: Encoder = "recurrent",
    pooling: Pooling = "last",
    input_dropout: Rate = 0.0,
    output_dropout: Rate = 0.0,
) -> keras.Sequential:
    """Builds a classifier of texts: embedding, encoder, pooling and one dense layer.

    It compiles and fits like any other model: `model.fit(ids, classes)` with `ClassCrossEntropy`.

    Args:
        vocabulary_size: Ids run from 0 (padding) to this, exclusive.
        num_classes: Classes run from 0 to this, exclusive.
        embedding_dim: Width of the embedding.
        encoder: A name from `layers/encoders/`, or a mapping with its options.
        pooling: What is kept of the encoder's outputs: a name from `layers/pooling/`.
        input_dropout: Rate on the embedded tokens.
        output_dropout: Rate on what the pooling keeps.
    Returns:
        A `keras.Sequential` from ids, (batch, time), 0 being padding on the right, to logits, (batch,
        num_classes).
    Raises:
        ValueError: If an option is out of its range.
    """
    check_arguments(
        build_sequence_classifier,
        vocabulary_size=vocabulary_size,
        num_classes=num_classes,
        embedding_dim=embedding_dim,
        input_dropout=input_dropout,
        output_dropout=output_dropout,
    )
    initializer = keras.initializers.RandomNormal(stddev=embedding_dim**-0.5)
    return keras.Sequential(
        [
            keras.Input((None,), dtype="int32", name="input"),
            keras.layers.Embedding(
                vocabulary_size, embedding_dim, initializer, mask_zero=True, name="embedding"
            ),
            keras.layers.Dropout(input_dropout, name="input_dropout"),
            SequenceSummary(encoder=encoder, pooling=pooling, name="summary"),
            keras.layers.Dropout(output_dropout, name="output_dropout"),
            keras.layers.Dense(num_classes, name="classes"),
        ],
        name="sequence_classifier",
    )


@register("task")
class SequenceClassifierTask(Task):
    """What the stages need to know of a classifier."""

    fields = FIELDS
    input_fields = ("input",)
    output_field = "label"
    measures = ("loss", "accuracy")

    def build(self, **options: Any) -> keras.Sequential:
        return build_sequence_classifier(
            vocabulary_size=self.features["input"].vocabulary_size,
            num_classes=self.features["label"].vocabulary_size,
            **options,
        )

    @staticmethod
    def example(batch: Mapping[str, Any]) -> tuple[Any, Any]:
        """The input keeps its `</s>`, so that an empty text has a token."""
        return batch["input"][:, 1:], batch["label"]

    def loss(self, label_smoothing: float = 0.0) -> keras.losses.Loss:
        """Cross-entropy, with the weights of the label's feature."""
        weights = self.features["label"].class_weights
        return ClassCrossEntropy(label_smoothing=label_smoothing, class_weights=weights)

    def num_tokens(self, split: Any) -> int:
        return split.num_tokens("input") + split.num_examples

    def loops(self, model: keras.Model, *, is_sampled: bool) -> dict[str, str]:
        return {
            "cells": "only recurrent products in the loop; the inputs' are made before it, all steps at once"
        }

    def score(self, model: keras.Model, batch: Mapping[str, Any], state: Any) -> tuple[dict[str, Any], Any]:
        """Log-probabilities of the right classes, and whether they are the likeliest."""
        inputs, labels = self.example(batch)
        logits = model(inputs, training=False)
        is_right = ops.equal(ops.cast(ops.argmax(logits, axis=-1), "int32"), labels)
        found = {
            "log_probability": -token_cross_entropy(labels, logits),
            "num_right": ops.cast(is_right, "int32"),
            "num_examples": ops.ones_like(labels),
        }
        return found, state

    def figures(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Every example weighs the same, whatever its class weighs in training."""
        num_examples = max(sums["num_examples"], 1)
        return {
            "loss": -sums["log_probability"] / num_examples,
            "accuracy": sums["num_right"] / num_examples,
        }

    def respond(
        self, model: keras.Model, encoded: Mapping[str, Any], decoder: Any, *, detailed: bool = False
    ) -> dict[str, Any]:
        """`probabilities` (batch, classes); if `detailed`, `attention` (batch, time) where there is one."""
        tokens = encoded["input"][:, 1:]
        logits = ops.cast(model(tokens, training=False), "float32")
        answers = {"probabilities": ops.softmax(logits, axis=-1)}
        if detailed:
            embedded = model.get_layer("embedding")(tokens)
            weights = model.get_layer("summary").attention_weights(embedded, ops.not_equal(tokens, PAD_ID))
            answers |= {} if weights is None else {"attention": weights}
        return answers

    def present(self, encoded: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """`score` is the probability of the prediction, the likeliest class."""
        classes = self.features["label"].vocabulary
        for row, probabilities in enumerate(answers["probabilities"].astype("float64").round(6).tolist()):
            best = max(range(len(classes)), key=probabilities.__getitem__)
            shown = {"prediction": classes[best], "score": probabilities[best]}
            likeliest = sorted(range(len(classes)), key=lambda place: -probabilities[place])[:MOST_SHOWN]
            shown["probabilities"] = {classes[place]: probabilities[place] for place in sorted(likeliest)}
            if "attention" in answers:
                words = self.features["input"].vocabulary
                read = [words[token] for token in encoded["input"][row, 1:] if token != PAD_ID]
                weights = answers["attention"][row, : len(read)].astype("float64").round(4).tolist()
                shown["attention"] = {
                    "source_tokens": read,
                    "target_tokens": [classes[best]],
                    "weights": [weights],
                }
            yield shown

    def signatures(self, model: keras.Model, decoder: Any) -> dict[str, Signature]:
        """From texts to classes, and from pairs of both to log-probabilities.

        - `serving_default`: `text` (batch,) -> `label`, `probability` (batch,), and of all classes
          `probabilities` and `classes` (batch, classes).
        - `score`: `text`, `label` (batch,) -> `log_probability` of the label, (batch,).
        """
        given, label = self.features["input"], self.features["label"]

        def serve(text: Any) -> dict[str, Any]:
            found = self.respond(model, {"input": given.encode(text)}, decoder)["probabilities"]
            places = ops.arange(label.vocabulary_size, dtype="int32") + ops.zeros_like(found, "int32")
            return {
                "label": label.decode(ops.argmax(found, axis=-1)),
                "probability": ops.max(found, axis=-1),
                "probabilities": found,
                "classes": label.decode(places),
            }

        def score(**texts: Any) -> dict[str, Any]:
            batch = {"input": given.encode(texts["text"]), "label": label.encode(texts["label"])}
            return {"log_probability": self.score(model, batch, ())[0]["log_probability"]}

        strings = Raw("string", (None,))
        return {
            "serving_default": Signature({"text": strings}, serve),
            "score": Signature(
                {"text": strings, "label": strings}, score, fillers={"label": label.vocabulary[0]}
            ),
        }
