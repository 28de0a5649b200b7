"""How well a model that was shown each token's past predicts it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from keras import ops

from kerasseq.losses.masked_cross_entropy import token_cross_entropy
from kerasseq.metrics.perplexity import perplexity_of
from kerasseq.specs import PAD_ID

MEASURES = ("loss", "perplexity", "teacher_forced_accuracy")


def token_scores(labels: Any, logits: Any) -> dict[str, Any]:
    """Sums over each row's real tokens.

    Args:
        labels: Token ids, (batch, time); padding, 0, never counts.
        logits: (batch, time, vocabulary).
    Returns:
        `log_probability`, `num_tokens` and `num_right`, (batch,) each.
    """
    is_real = ops.not_equal(labels, PAD_ID)
    losses = ops.where(is_real, token_cross_entropy(labels, logits), 0.0)
    is_right = ops.equal(ops.argmax(logits, axis=-1), ops.cast(labels, "int64"))
    return {
        "log_probability": -ops.sum(losses, axis=1),
        "num_tokens": ops.sum(ops.cast(is_real, "int32"), axis=1),
        "num_right": ops.sum(ops.cast(ops.logical_and(is_real, is_right), "int32"), axis=1),
    }


def token_figures(sums: Mapping[str, float]) -> dict[str, float]:
    """The `MEASURES` of a text, from the sums of its `token_scores`; every real token weighs the same.

    With `num_characters`, the characters of the same text, they are followed by `bits_per_character`; without
    `num_right` there is no accuracy.
    """
    num_tokens = max(sums["num_tokens"], 1)
    loss = -sums["log_probability"] / num_tokens
    figures = {"loss": loss, "perplexity": perplexity_of(loss)}
    if "num_right" in sums:
        figures["teacher_forced_accuracy"] = sums["num_right"] / num_tokens
    if sums.get("num_characters"):
        figures["bits_per_character"] = -sums["log_probability"] / sums["num_characters"] / math.log(2)
    return figures
