"""Many-to-one: one class for a whole text, recording, picture or video."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import keras
from keras import ops

from kerasseq.layers.dropout import Dropout
from kerasseq.layers.sequence_summary import SequenceSummary
from kerasseq.layers.token_dropout import TokenDropout
from kerasseq.losses.class_cross_entropy import ClassCrossEntropy
from kerasseq.losses.masked_cross_entropy import token_cross_entropy
from kerasseq.models.classifier_inputs import input_of
from kerasseq.models.task import Task
from kerasseq.registry import create, register
from kerasseq.specs import (
    Encoder,
    FrontEnd,
    Pooling,
    PositiveInt,
    Rate,
    Raw,
    Signature,
    Supplied,
    check_arguments,
)

ANSWERS = "class"
FIELDS = ("input", "label")
FEATURES = {"input": ("text", "audio", "image", "video"), "label": "label"}
DEFAULTS = {
    "data.features.input.type": "text",
    "data.features.label.type": "label",
    "decode": None,
    "evaluate.metrics": ["accuracy", "macro_f1", "confusion", "calibration"],
    "evaluate.baseline": ["majority", "bag_of_words", "nearest_example"],
}
RECIPE_CONSTRAINTS = (
    ("decode is None", "leave it out: a class is not searched for"),
    ("train.scheduled_sampling is None", "leave it out: a classifier writes no tokens"),
    ("not data.share_vocabulary", "leave it out: classes are not words"),
    (
        "data.features.input.type not in ('audio', 'image', 'video') or model.front_end is not None",
        "say what it becomes: a recording `front_end: log_mel`, a picture `rows`, a video `frames`",
    ),
    (
        "data.features.input.type != 'text' or model.front_end is None",
        "leave `front_end` out: words are embedded",
    ),
    (
        "model.front_end is None or data.features.input.type == {'log_mel': 'audio', 'rows': 'image', "
        "'frames': 'video'}.get(model.front_end.type, data.features.input.type)",
        "`log_mel` hears audio, `rows` reads an image, `frames` sees a video",
    ),
    (
        "model.front_end is None or model.embedding_dim is None",
        "leave `embedding_dim` out: only words are embedded",
    ),
    ("model.front_end is None or model.word_dropout == 0", "leave it out: only words can be hidden"),
)
CONSTRAINTS = (
    (
        "pooling.type != 'last' or encoder.dropout == 0 or encoder.num_layers > 1",
        "a single layer's last state is not dropped: take `output_dropout`, or another pooling",
    ),
)
EMBEDDING_DIM = 128
MOST_SHOWN = 20  # classes whose probabilities stand in a line of predictions.jsonl, the likeliest


@register("model")
def build_sequence_classifier(
    *,
    vocabulary_size: Supplied[PositiveInt | None] = None,
    num_classes: Supplied[PositiveInt],
    front_end: FrontEnd | None = None,
    embedding_dim: PositiveInt | None = None,
    encoder: Encoder = "recurrent",
    pooling: Pooling = "last",
    word_dropout: Rate = 0.0,
    input_dropout: Rate = 0.0,
    output_dropout: Rate = 0.0,
) -> keras.Model:
    """Builds a classifier: an embedding or a front end, encoder, pooling and one dense layer.

    It compiles and fits like any other model: `model.fit(ids, classes)` with `ClassCrossEntropy`.

    Args:
        vocabulary_size: Of texts: ids run from 0 (padding) to this, exclusive.
        num_classes: Classes run from 0 to this, exclusive.
        front_end: What makes a sequence of a recording, a picture or a video: a name from
            `layers/front_ends/`, or a mapping with its options; null for texts, whose tokens are embedded.
        embedding_dim: Width of the embedding of texts; null is 128.
        encoder: A name from `layers/encoders/`, or a mapping with its options.
        pooling: What is kept of the encoder's outputs: a name from `layers/pooling/`.
        word_dropout: Of texts: share of the tokens that training replaces by the unknown one.
        input_dropout: Rate on what the encoder reads.
        output_dropout: Rate on what the pooling keeps.
    Returns:
        A `keras.Sequential`, unless the front end takes several inputs. Texts are ids, (batch, time), 0 being
        padding on the right; other inputs are those of the front end's `spec`. It gives logits, (batch,
        num_classes).
    Raises:
        ValueError: If an option is out of its range, or there is not one of vocabulary and front end.
    """
    check_arguments(
        build_sequence_classifier, vocabulary_size=vocabulary_size, num_classes=num_classes,
        embedding_dim=embedding_dim, word_dropout=word_dropout, input_dropout=input_dropout,
        output_dropout=output_dropout,
    )  # fmt: skip
    if (vocabulary_size is None) == (front_end is None):
        received = f"vocabulary_size={vocabulary_size!r}, front_end={front_end!r}"
        raise ValueError(f"give a `vocabulary_size` for texts, or a `front_end`. Received: {received}")
    if front_end is not None and word_dropout:
        raise ValueError(f"`word_dropout` is for texts. Received: word_dropout={word_dropout}, a `front_end`")
    if front_end is None:
        reads, first = Raw("int32", (None, None)), _embedding(vocabulary_size, embedding_dim or EMBEDDING_DIM)
    else:
        first = create("front_end", front_end, name="front_end")
        reads = first.spec
    layers = [
        *([TokenDropout(rate=word_dropout, name="word_dropout")] if word_dropout else []),
        first,
        Dropout(input_dropout, name="input_dropout"),
        SequenceSummary(encoder=encoder, pooling=pooling, name="summary"),
        Dropout(output_dropout, name="output_dropout"),
        keras.layers.Dense(num_classes, name="classes"),
    ]
    return _stacked(reads, layers)


def _embedding(vocabulary_size: int, width: int) -> keras.layers.Layer:
    initializer = keras.initializers.RandomNormal(stddev=width**-0.5)
    return keras.layers.Embedding(vocabulary_size, width, initializer, mask_zero=True, name="embedding")


def _stacked(reads: Raw | dict[str, Raw], layers: list[keras.layers.Layer]) -> keras.Model:
    """A `Sequential` of one input, or a model of several, which a `Sequential` cannot take."""
    if isinstance(reads, Raw):
        first = keras.Input(reads.shape[1:], dtype=reads.dtype, name="input")
        return keras.Sequential([first, *layers], name="sequence_classifier")
    inputs = {name: keras.Input(raw.shape[1:], dtype=raw.dtype, name=name) for name, raw in reads.items()}
    outputs = inputs
    for layer in layers:
        outputs = layer(outputs)
    return keras.Model(inputs, outputs, name="sequence_classifier")


@register("task")
class SequenceClassifierTask(Task):
    """What the stages need to know of a classifier."""

    fields = FIELDS
    input_fields = ("input",)
    output_field = "label"
    measures = ("loss", "accuracy")

    def __init__(self, features: Mapping[str, Any]):
        super().__init__(features)
        self._input = input_of(features["input"])

    @property
    def medium(self) -> str:
        """What the input is: `text`, `audio`, `image` or `video`."""
        return getattr(self.features["input"], "medium", "text")

    def build(self, *, front_end: Any = None, **options: Any) -> keras.Model:
        return build_sequence_classifier(
            num_classes=self.features["label"].vocabulary_size,
            **self._input.build_options(front_end),
            **options,
        )

    def example(self, batch: Mapping[str, Any]) -> tuple[Any, Any]:
        return self._input.given(batch["input"]), batch["label"]

    def loss(self, label_smoothing: float = 0.0) -> keras.losses.Loss:
        """Cross-entropy, with the weights of the label's feature."""
        weights = self.features["label"].class_weights
        return ClassCrossEntropy(label_smoothing=label_smoothing, class_weights=weights)

    def num_tokens(self, split: Any) -> int:
        return self._input.num_steps(split)

    def loops(self, model: keras.Model, *, sampling: str | None) -> dict[str, str]:
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
        """`probabilities` (batch, classes).

        If `detailed`, also `num_steps` (batch,), and `attention` (batch, time) where there is one.
        """
        given = self._input.given(encoded["input"])
        logits = ops.cast(model(given, training=False), "float32")
        answers = {"probabilities": ops.softmax(logits, axis=-1)}
        if detailed:
            sequence, mask = self._input.sequence(model, given)
            answers["num_steps"] = ops.sum(ops.cast(mask, "int32"), axis=1)
            weights = model.get_layer("summary").attention_weights(sequence, mask)
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
            if "num_steps" in answers:
                weights = (
                    answers["attention"][row, : answers["num_steps"][row]] if "attention" in answers else ()
                )
                weights = [round(float(weight), 4) for weight in weights]
                shown |= self._input.shown(encoded["input"], row, answer=classes[best], weights=weights)
            yield shown

    def signatures(self, model: keras.Model, decoder: Any) -> dict[str, Signature]:
        """From inputs to classes, and from pairs of both to log-probabilities.

        An input is a `text`, the bytes of an `image`, a `waveform` or `frames` with `lengths`.

        - `serving_default`: an input -> `label`, `probability` (batch,), and of all classes
          `probabilities` and `classes` (batch, classes).
        - `score`: an input and its `label` -> `log_probability` of the label, (batch,).
        """
        label = self.features["label"]

        def serve(**raw: Any) -> dict[str, Any]:
            found = self.respond(model, {"input": self._input.encode(raw)}, decoder)["probabilities"]
            places = ops.arange(label.vocabulary_size, dtype="int32") + ops.zeros_like(found, "int32")
            return {
                "label": label.decode(ops.argmax(found, axis=-1)),
                "probability": ops.max(found, axis=-1),
                "probabilities": found,
                "classes": label.decode(places),
            }

        def score(**raw: Any) -> dict[str, Any]:
            batch = {"label": label.encode(raw.pop("label")), "input": self._input.encode(raw)}
            return {"log_probability": self.score(model, batch, ())[0]["log_probability"]}

        raw, fillers = dict(self._input.raw), dict(self._input.fillers)
        labelled = {**raw, "label": Raw("string", (None,))}
        return {
            "serving_default": Signature(raw, serve, fillers=fillers),
            "score": Signature(labelled, score, fillers={**fillers, "label": label.vocabulary[0]}),
        }
