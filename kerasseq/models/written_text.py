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
    for row, (text, score) in enumerate(zip(texts, answers["scores"][:, 0], strict=True)):
        shown: dict[str, Any] = {"prediction": text.decode(), "score": round(float(score), 6)}
        if "attention" in answers:
            read = [source.vocabulary[token] for token in encoded[row, 1:] if token != PAD_ID]
            tokens = answers["tokens"][row, 0]
            length = int(answers["lengths"][row, 0]) - (1 if END_ID in tokens else 0)
            weights = answers["attention"][row, 0, :length, : len(read)].astype(
                "float64"
            )  # rounds to few digits
            written = [target.vocabulary[token] for token in tokens[:length]]
            map_of = {"source_tokens": read, "target_tokens": written, "weights": weights.round(4).tolist()}
            shown["attention"] = map_of
        yield shown
