"""What the SavedModel of a language model answers to."""

from __future__ import annotations

import functools
from typing import Any

import keras
from keras import ops, tree

from kerasseq.models.prompts import prompts_of
from kerasseq.registry import create
from kerasseq.specs import Raw, Signature


def language_signatures(task: Any, model: keras.Model, decoder: Any) -> dict[str, Signature]:
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
    states = task.initial_state(model, 1)
    of_states = {
        name: Raw(keras.backend.standardize_dtype(state.dtype), (None, *state.shape[1:]))
        for name, state in _named(states).items()
    }

    def step(tokens: Any, **named: Any) -> dict[str, Any]:
        before = tree.pack_sequence_as(states, [named[name] for name in of_states])
        logits, after = task.step(model, tokens, before)
        return {"log_probabilities": ops.log_softmax(ops.cast(logits, "float32")), **_named(after)}

    return {
        "serving_default": Signature(text, functools.partial(_written, task, model, decoder)),
        "generate": Signature(
            {"prompts": text["text"], **options},
            lambda prompts, **options: _written(task, model, sampler, prompts, **options),
        ),
        "score": Signature(text, functools.partial(_scored, task, model)),
        "begin": Signature(text, functools.partial(_begun, task, model)),
        "step": Signature({"tokens": Raw("int32", (None,)), **of_states}, step),
    }


def _written(task: Any, model: keras.Model, decoder: Any, text: Any, **options: Any) -> dict[str, Any]:
    feature = task.features["text"]
    found = task.respond(model, {"text": feature.encode_document(text)}, decoder, **options)
    return {"text": feature.decode_document(found["texts"][:, 0]), "score": found["scores"][:, 0]}


def _scored(task: Any, model: keras.Model, text: Any) -> dict[str, Any]:
    ids = task.features["text"].encode_document(text)
    size = ops.shape(ids)[0]
    batch = {"text": ids, "reset": ops.ones((size,), "bool")}
    found, _ = task.score(model, batch, task.initial_state(model, size))
    mean = found["log_probability"] / ops.cast(found["num_tokens"], "float32")
    told = {name: found[name] for name in ("log_probability", "num_tokens")}
    return {**told, "perplexity": ops.exp(-mean)}


def _begun(task: Any, model: keras.Model, text: Any) -> dict[str, Any]:
    tokens, states = task.begin(model, prompts_of(task.features["text"].encode_document(text)))
    return {"tokens": tokens, **_named(states)}


def _named(states: Any) -> dict[str, Any]:
    return {f"state_{index}": state for index, state in enumerate(tree.flatten(states))}
