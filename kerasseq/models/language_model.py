"""What comes next: language models of characters, subwords and words."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
from keras import ops

from kerasseq.layers.kernels.choice import Kernel
from kerasseq.layers.token_recurrence import AllStates, Prepared, TokenRecurrence
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.models.carried_state import CarriedState, reset
from kerasseq.models.language_signatures import language_signatures
from kerasseq.models.prompts import beginning_of, joined, lengths_of, pieces_of, prompts_of, steps_of
from kerasseq.models.task import Task
from kerasseq.models.token_scores import MEASURES, token_figures, token_scores
from kerasseq.registry import register
from kerasseq.specs import Cell, NonNegativeFloat, PositiveInt, Rate, Raw, Signature, Supplied

ANSWERS = "text"
FIELDS = ("text",)
FEATURES = {"text": "text"}
DATA = "kerasseq.data.streams:prepare_streams"
NUM_LIKELIEST = 3
NUM_QUESTIONS = 20
LONGEST_ANSWER = 400
DEFAULTS = {"decode": "sample", "evaluate.baseline": ["kneser_ney"]}
CONSTRAINTS = (
    ("embedding_dim is not None or not tie_embeddings", "give an `embedding_dim` to tie"),
    (
        "cell.type not in ('mingru', 'minlstm') or recurrent_dropout == 0 and weight_drop == 0",
        "the minimal cells have no recurrent product to drop from: take `zoneout` or `hidden_dropout`",
    ),
)
RECIPE_CONSTRAINTS = (
    ("decode is not None", "name a way to write, such as sample"),
    ("train.scheduled_sampling is None", "leave it out: a language model is trained on running text"),
)


@register("model")
def build_language_model(
    *,
    vocabulary_size: Supplied[PositiveInt],
    embedding_dim: PositiveInt | None = 256,
    cell: Cell = "lstm",
    units: PositiveInt = 256,
    num_layers: PositiveInt = 1,
    output_units: PositiveInt | None = None,
    tie_embeddings: bool = False,
    embedding_dropout: Rate = 0.0,
    word_dropout: Rate = 0.0,
    input_dropout: Rate = 0.0,
    hidden_dropout: Rate = 0.0,
    output_dropout: Rate = 0.0,
    locked_dropout: bool = True,
    recurrent_dropout: Rate = 0.0,
    weight_drop: Rate = 0.0,
    zoneout: Rate = 0.0,
    activity_penalty: NonNegativeFloat = 0.0,
    slowness_penalty: NonNegativeFloat = 0.0,
    kernel: Kernel = "auto",
) -> keras.Model:
    """Builds a recurrent language model.

    Called as a model it starts from zero states, and compiles and fits like any other:
    `model.fit({"text": text[:, :-1]}, text[:, 1:])` with `MaskedCrossEntropy`. Its one layer, `tokens`, takes
    and returns the states: `logits, states = model.get_layer("tokens")(text, states)`. Generation steps with
    it, and `CarriedState` trains with it on contiguous streams.

    Args:
        vocabulary_size: Ids run from 0 (padding) to this, exclusive.
        embedding_dim: Width of the embedding; null reads one-hot vectors.
        cell: The recurrent cell.
        units: Width of each layer.
        num_layers: Layers on top of each other.
        output_units: Width of the last layer; null is `units`.
        tie_embeddings: Score the vocabulary with the embedding's matrix.
        embedding_dropout: Share of the vocabulary that a batch does not see anywhere (AWD).
        word_dropout: Share of the tokens that training replaces by the unknown one, each for itself.
        input_dropout: Rate on the embedded tokens.
        hidden_dropout: Rate between the layers.
        output_dropout: Rate on the last layer's outputs.
        locked_dropout: Draw one mask for all steps of a sequence instead of one for each step.
        recurrent_dropout: Share of the state that is dropped before its products, the same at all steps.
        weight_drop: Share of the recurrent weights that is dropped, drawn once a batch.
        zoneout: Share of each state that stays as it was.
        activity_penalty: Weight of the loss on the size of the last layer's outputs (AR).
        slowness_penalty: Weight of the loss on how they change from step to step (TAR).
        kernel: What the loops over time run on: `auto`, `fused`, `cudnn` or `generic`.
    Returns:
        A functional model from `{"text": (batch, time)}` to logits of the next token, (batch, time,
        vocabulary_size). 0 is padding, on the right.
    Raises:
        ValueError: If an option is out of its range, or embeddings are tied that do not exist.
    Reference:
        Zaremba et al. 2014, https://arxiv.org/abs/1409.2329; Merity et al. 2018,
        https://arxiv.org/abs/1708.02182
    """
    tokens = TokenRecurrence(
        vocabulary_size=vocabulary_size, embedding_dim=embedding_dim, cell=cell, units=units,
        num_layers=num_layers, output_units=output_units, tie_embeddings=tie_embeddings,
        embedding_dropout=embedding_dropout, word_dropout=word_dropout, input_dropout=input_dropout,
        hidden_dropout=hidden_dropout, output_dropout=output_dropout, locked_dropout=locked_dropout,
        recurrent_dropout=recurrent_dropout, weight_drop=weight_drop, zoneout=zoneout,
        activity_penalty=activity_penalty, slowness_penalty=slowness_penalty, kernel=kernel, name="tokens",
    )  # fmt: skip
    text = keras.Input((None,), dtype="int32", name="text")
    logits, _ = tokens(text)
    return keras.Model({"text": text}, logits, name="language_model")


@register("task")
class LanguageModelTask(Task):
    """What the stages need to know of a language model."""

    fields = input_fields = FIELDS
    output_field = "text"
    measures = MEASURES
    carries_state = True

    def build(self, **options: Any) -> keras.Model:
        return build_language_model(vocabulary_size=self.features["text"].vocabulary_size, **options)

    def specs(self) -> dict[str, Raw]:
        return {"text": Raw("int32", (None, None)), "reset": Raw("bool", (None,))}

    def example(self, batch: Mapping[str, Any]) -> tuple[dict[str, Any], Any]:
        """Each token is the label of the one before it."""
        text = batch["text"]
        return {"text": text[:, :-1], "reset": batch["reset"]}, text[:, 1:]

    def loss(self, label_smoothing: float = 0.0) -> keras.losses.Loss:
        """Cross-entropy per real token."""
        return MaskedCrossEntropy(label_smoothing=label_smoothing)

    def training_model(self, model: keras.Model, *, batch_size: int) -> keras.Model:
        """Carries each row's states from window to window."""
        return CarriedState(
            model,
            advance=functools.partial(_advance, model),
            zero_states=self.initial_state(model, batch_size),
        )

    def loops(self, model: keras.Model, *, sampling: str | None) -> dict[str, str]:
        return {
            "cells": "only recurrent products in the loop; the inputs' are made before it, all steps at once",
            "training": "states are carried from window to window; gradients end where a window begins",
        }

    def initial_state(self, model: keras.Model, batch_size: int) -> AllStates:
        return _tokens(model).zero_states(batch_size)

    def score(
        self, model: keras.Model, batch: Mapping[str, Any], state: AllStates
    ) -> tuple[dict[str, Any], AllStates]:
        """Log-probabilities, real tokens and right guesses; rows that do not `reset` read on from `state`."""
        inputs, labels = self.example(batch)
        logits, state = _tokens(model)(inputs["text"], reset(state, inputs["reset"]))
        return token_scores(labels, logits), state

    def figures(self, sums: Mapping[str, float]) -> dict[str, float]:
        """Those of tokens, and bits per character where these are the tokens."""
        reads_characters = self.features["text"].options["tokenizer"]["type"] == "character"
        counted = {"num_characters": sums["num_tokens"]} if reads_characters else {}
        return token_figures({**counted, **sums})

    @staticmethod
    def begin(model: keras.Model, prompt: Any) -> tuple[Any, AllStates]:
        """Reads prompts, `<s> ids`, (batch, time), padded on the right, but for the last token.

        Returns:
            The last tokens, (batch,), with which decoding goes on, and the states before them.
        """
        last = lengths_of(prompt) - 1  # (batch,)
        is_read = ops.arange(ops.shape(prompt)[1]) < last[:, None]
        _, states = _tokens(model)(prompt, mask=is_read)
        return ops.take_along_axis(prompt, last[:, None], axis=1)[:, 0], states

    @staticmethod
    def step(
        model: keras.Model, tokens: Any, state: AllStates, prepared: Prepared | None = None
    ) -> tuple[Any, AllStates]:
        """Logits (rows, vocabulary) after `tokens` (rows,), and the states behind them."""
        return _tokens(model)(tokens, state, prepared=prepared)

    def encode_examples(self, columns: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Every text is a document of its own."""
        return {**self.encode(columns["text"]), "reset": ops.ones((len(columns["text"]),), "bool")}

    def encode(self, inputs: list[str]) -> dict[str, Any]:
        return {"text": self.features["text"].encode_document(inputs)}

    def respond(
        self,
        model: keras.Model,
        encoded: Mapping[str, Any],
        decoder: Any,
        *,
        detailed: bool = False,
        **options: Any,
    ) -> dict[str, Any]:
        """Goes on from prompts, `<s> ids </s>`, (batch, time), into the fields of `Hypotheses` and `texts`.

        `texts` are the prompts' tokens and behind them what was written, (batch, n_best, time). `options` are
        more arguments of the decoder's call.
        """
        prompt = prompts_of(encoded["text"])
        first_tokens, states = self.begin(model, prompt)
        found = decoder(
            functools.partial(self.step, model, prepared=_tokens(model).prepare()),
            states,
            **{
                "batch_size": ops.shape(prompt)[0],
                "max_length": decoder.limit(),
                "first_tokens": first_tokens,
                **self.stops(decoder),
                **options,
            },
        )
        answers = {name: part for name, part in found._asdict().items() if part is not None}
        answers["texts"] = joined(prompt, found.tokens)
        if detailed:
            self._add_steps(model, answers)
        return answers

    def open(self, model: keras.Model, encoded: Mapping[str, Any], decoder: Any) -> Any:
        """What a decoder's `extend` goes on from, behind the prompts."""
        prompt = prompts_of(encoded["text"])
        first_tokens, states = self.begin(model, prompt)
        return decoder.open(
            states,
            batch_size=ops.shape(prompt)[0],
            max_length=decoder.limit(),
            first_tokens=first_tokens,
            **self.stops(decoder),
        )

    def extend(self, model: keras.Model, progress: Any, decoder: Any, num_steps: int) -> tuple[Any, Any]:
        """Writes on: the progress and the tokens written, (batch, num_steps)."""
        step = functools.partial(self.step, model)  # so few steps that nothing is worth making before them
        return decoder.extend(step, progress, num_steps=num_steps, **self.stops(decoder))[:2]

    def pieces(self, encoded: Mapping[str, Any], written: Iterable[Any]) -> Iterator[str]:
        """The text of one prompt, and of the tokens behind it, (1, steps), as they come."""
        return pieces_of(self.features["text"], prompts_of(encoded["text"]), written)

    def _add_steps(self, model: keras.Model, answers: dict[str, Any]) -> None:
        """Adds the likeliest tokens after each token of the best texts, (batch, time, NUM_LIKELIEST)."""
        logits = ops.cast(model({"text": answers["texts"][:, 0]}, training=False), "float32")
        found = ops.top_k(ops.softmax(logits), min(NUM_LIKELIEST, logits.shape[-1]))
        answers["probabilities"], answers["likeliest"] = found

    def present(self, encoded: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """`prediction` is the prompt and what was written behind it; `steps` say what each token led to."""
        texts = ops.convert_to_numpy(self.features["text"].decode_document(answers["texts"][:, 0]))
        for row, (text, score) in enumerate(zip(texts, answers["scores"][:, 0], strict=True)):
            shown = {"prediction": text.decode(), "score": round(float(score), 6)}
            if "likeliest" in answers:
                shown["steps"] = steps_of(
                    *(answers[name][row] for name in ("texts", "likeliest", "probabilities")),
                    vocabulary=self.features["text"].vocabulary,
                )
            yield shown

    def questions(self, split: Any) -> tuple[list[str], list[str]]:
        """The beginnings of the first documents, each once, to go on from, and how those went on."""
        documents = list(dict.fromkeys(text for (text,) in itertools.islice(split.examples(), NUM_QUESTIONS)))
        answers = [text[:LONGEST_ANSWER] for text in documents]
        return [beginning_of(text) for text in documents], answers

    def question_batches(self, split: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
        questions, _ = self.questions(split)
        yield range(len(questions)), self.encode(questions)

    def signatures(self, model: keras.Model, decoder: Any) -> dict[str, Signature]:
        return language_signatures(self, model, decoder)


def _tokens(model: keras.Model) -> TokenRecurrence:
    return model.get_layer("tokens")


def _advance(
    model: keras.Model, inputs: Mapping[str, Any], states: AllStates, training: bool
) -> tuple[Any, AllStates]:
    return _tokens(model)(inputs["text"], states, training=training)
