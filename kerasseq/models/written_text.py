"""Decoded tokens as people read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from kerasseq.specs import END_ID, PAD_ID


def present_texts(
    source: Any, target: Any, encoded: Any, answers: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """For each row the best text, its score and, where the model attends, the weights with both axes' tokens.

    Args:
        source: The feature of the inputs.
        target: The feature of the outputs.
        encoded: The inputs, `<s> ids </s>`, (batch, source_time).
        answers: The fields of `Hypotheses`, as NumPy arrays.
    """
    texts = np.asarray(target.decode(answers["tokens"][:, 0]))
    for row, shown in enumerate(_shown(texts, answers)):
        if "attention" in answers:
            read = [source.vocabulary[token] for token in encoded[row, 1:] if token != PAD_ID]
            written = [target.vocabulary[token] for token in _written(answers, row)]
            shown["attention"] = _map(answers, row, read, written)
        yield shown


def present_copies(
    source: Any, target: Any, encoded: Mapping[str, Any], answers: Mapping[str, Any]
) -> Iterator[dict[str, Any]]:
    """As `present_texts`, of open text, and `copied`: the words that are in no vocabulary.

    Args:
        source: The feature of the inputs.
        target: The feature of the outputs.
        encoded: The inputs: `ids`, `<s> ids </s>`, (batch, source_time), and the `text`, (batch,).
        answers: The fields of `Hypotheses`, as NumPy arrays; an id behind the vocabulary is a place in the
            source, counted from there.
    """
    texts = np.asarray(target.decode(answers["tokens"][:, 0], encoded["text"]))
    words = source.words(encoded["text"]).to_list()
    vocabulary, size = target.vocabulary, target.vocabulary_size
    for row, shown in enumerate(_shown(texts, answers)):
        read, tokens = [word.decode() for word in words[row]], _written(answers, row)
        shown["copied"] = [read[token - size] for token in tokens if token >= size]
        if "attention" in answers:
            written = [vocabulary[token] if token < size else read[token - size] for token in tokens]
            shown["attention"] = _map(answers, row, read, written)
        yield shown


def _shown(texts: Any, answers: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for text, score in zip(texts, answers["scores"][:, 0], strict=True):
        yield {"prediction": text.decode(), "score": round(float(score), 6)}


def _written(answers: Mapping[str, Any], row: int) -> Any:
    """The best tokens of a row, without `</s>`."""
    tokens = answers["tokens"][row, 0]
    return tokens[: int(answers["lengths"][row, 0]) - (1 if END_ID in tokens else 0)]


def _map(answers: Mapping[str, Any], row: int, read: list[str], written: list[str]) -> dict[str, Any]:
    weights = answers["attention"][row, 0, : len(written), : len(read)]
    weights = weights.astype("float64")  # rounds to few digits
    return {"source_tokens": read, "target_tokens": written, "weights": weights.round(4).tolist()}
