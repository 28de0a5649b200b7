"""What comes next: language models of characters, subwords and words."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

import keras
from keras import ops, tree

from kerasseq.layers.token_recurrence import AllStates, TokenRecurrence
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.models.carried_state import CarriedState, reset
from kerasseq.models.prompts import joined, lengths_of, prompts_of
from kerasseq.models.task import Task
from kerasseq.models.token_scores import MEASURES, token_figures, token_scores
from kerasseq.registry import create, register
from kerasseq.specs import Cell, NonNegativeFloat, PositiveInt, Rate, Raw, Signature, Supplied

FIELDS = ("text",)
DATA = "kerasseq.data.streams:prepare_streams"
DEFAULTS = {"decode": "sample"}
CONSTRAINTS = (("embedding_dim is not None or not tie_embeddings", "give an `embedding_dim` to tie"),)


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
    input_dropout: Rate = 0.0,
    hidden_dropout: Rate = 0.0,
    output_dropout: Rate = 0.0,
    locked_dropout: bool = True,
    activity_penalty: NonNegativeFloat = 0.0,
    slowness_penalty: NonNegativeFloat = 0.0,
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
        embedding_dropout: Share of the words that a batch does not see.
        input_dropout: Rate on the embedded tokens.
        hidden_dropout: Rate between the layers.
        output_dropout: Rate on the last layer's outputs.
        locked_dropout: Draw one mask for all steps of a sequence instead of one for each step.
        activity_penalty: Weight of the loss on the size of the last layer's outputs (AR).
        slowness_penalty: Weight of the loss on how they change from step to step (TAR).
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
        vocabulary_size=vocabulary_size,
        embedding_dim=embedding_dim,
        cell=cell,
        units=units,
        num_layers=num_layers,
        output_units=output_units,
        tie_embeddings=tie_embeddings,
        embedding_dropout=embedding_dropout,
        input_dropout=input_dropout,
        hidden_dropout=hidden_dropout,
        output_dropout=output_dropout,
        locked_dropout=locked_dropout,
        activity_penalty=activity_penalty,
        slowness_penalty=slowness_penalty,
        name="tokens",
    )
    text = keras.Input((None,), dtype="int32", name="text")
    logits, _ = tokens(text)
    return keras.Model({"text": text}, logits, name="language_model")


@register("task")
class LanguageModelTask(Task):
    """What the stages need to know of a language model."""

    fields = FIELDS
    input_fields = FIELDS
    output_field = "text"
    measures = MEASURES

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

    def loops(self, model: keras.Model, *, is_sampled: bool) -> dict[str, str]:
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
        found = token_scores(labels, logits)
        if self._reads_characters():
            found["num_characters"] = found["num_tokens"]
        return found, state

    def _reads_characters(self) -> bool:
        return self.features["text"].options["tokenizer"]["type"] == "character"

    def figures(self, sums: Mapping[str, float]) -> dict[str, float]:
        return token_figures(sums)

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
    def step(model: keras.Model, tokens: Any, state: AllStates) -> tuple[Any, AllStates]:
        """Logits (rows, vocabulary) after `tokens` (rows,), and the states behind them."""
        return _tokens(model)(tokens, state)

    def encode_examples(self, columns: Mapping[str, list[Any]]) -> dict[str, Any]:
        """Every text is a document of its own."""
        return {**super().encode_examples(columns), "reset": ops.ones((len(columns["text"]),), "bool")}

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
            lambda tokens, state: self.step(model, tokens, state),
            states,
            **{
                "batch_size": ops.shape(prompt)[0],
                "max_length": decoder.limit(),
                "first_tokens": first_tokens,
                **self._stops(decoder),
                **options,
            },
        )
        answers = {name: part for name, part in found._asdict().items() if part is not None}
        return {**answers, "texts": joined(prompt, found.tokens)}

    def _stops(self, decoder: Any) -> dict[str, Any]:
        stop = getattr(decoder, "stop", ())
        return {"stop_ids": self.features["text"].ids_of(stop)} if stop else {}

    def present(self, encoded: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """`prediction` is the prompt and what was written behind it."""
        texts = ops.convert_to_numpy(self.features["text"].decode(answers["texts"][:, 0]))
        for text, score in zip(texts, answers["scores"][:, 0], strict=True):
            yield {"prediction": text.decode(), "score": round(float(score), 6)}

    def signatures(self, model: keras.Model, decoder: Any) -> dict[str, Signature]:
        """Prompts to texts, texts to log-probabilities, and single steps for those who stream.

        - `serving_default`: `text` (batch,) -> `text`, the prompt and what follows as the recipe decodes, and
          its `score`, (batch,) each.
        - `generate`: `prompts` (batch,), `temperature` (0: always the likeliest), `top_k` (0: all) and
          `max_length`, a number each -> the same, drawn.
        - `score`: `text` (batch,) -> `log_probability`, `num_tokens`, `perplexity`, (batch,) each.
        - `begin`: `text` (batch,) -> `tokens` (batch,), the prompts' last, and `state_0`, ... before them.
        - `step`: `tokens` and `state_0`, ... -> `log_probabilities` (batch, vocabulary), and `state_0`, ...
        """
        sampler = decoder if hasattr(decoder, "temperature") else create("decode", "sample")
        text = {"text": Raw("string", (None,))}
        options = {
            "temperature": Raw("float32", ()),
            "top_k": Raw("int32", ()),
            "max_length": Raw("int32", ()),
        }
        states = self.initial_state(model, 1)
        of_states = {
            name: Raw(keras.backend.standardize_dtype(state.dtype), (None, *state.shape[1:]))
            for name, state in _named(states).items()
        }

        def step(tokens: Any, **named: Any) -> dict[str, Any]:
            before = tree.pack_sequence_as(states, [named[name] for name in of_states])
            logits, after = self.step(model, tokens, before)
            return {"log_probabilities": ops.log_softmax(ops.cast(logits, "float32")), **_named(after)}

        return {
            "serving_default": Signature(text, functools.partial(self._written, model, decoder)),
            "generate": Signature(
                {"prompts": text["text"], **options},
                lambda prompts, **options: self._written(model, sampler, prompts, **options),
            ),
            "score": Signature(text, functools.partial(self._scored, model)),
            "begin": Signature(text, functools.partial(self._begun, model)),
            "step": Signature({"tokens": Raw("int32", (None,)), **of_states}, step),
        }

    def _written(self, model: keras.Model, decoder: Any, text: Any, **options: Any) -> dict[str, Any]:
        feature = self.features["text"]
        found = self.respond(model, {"text": feature.encode(text)}, decoder, **options)
        return {"text": feature.decode(found["texts"][:, 0]), "score": found["scores"][:, 0]}

    def _scored(self, model: keras.Model, text: Any) -> dict[str, Any]:
        ids = self.features["text"].encode(text)
        size = ops.shape(ids)[0]
        batch = {"text": ids, "reset": ops.ones((size,), "bool")}
        found, _ = self.score(model, batch, self.initial_state(model, size))
        mean = found["log_probability"] / ops.cast(found["num_tokens"], "float32")
        told = {name: found[name] for name in ("log_probability", "num_tokens")}
        return {**told, "perplexity": ops.exp(-mean)}

    def _begun(self, model: keras.Model, text: Any) -> dict[str, Any]:
        tokens, states = self.begin(model, prompts_of(self.features["text"].encode(text)))
        return {"tokens": tokens, **_named(states)}


def _named(states: AllStates) -> dict[str, Any]:
    return {f"state_{index}": state for index, state in enumerate(tree.flatten(states))}


def _tokens(model: keras.Model) -> TokenRecurrence:
    return model.get_layer("tokens")


def _advance(
    model: keras.Model, inputs: Mapping[str, Any], states: AllStates, training: bool
) -> tuple[Any, AllStates]:
    return _tokens(model)(inputs["text"], states, training=training)
