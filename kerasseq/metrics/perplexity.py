"""Perplexity: among how many tokens a model is undecided."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kerasseq.metrics.real_tokens import token_weights
from kerasseq.registry import register
from kerasseq.specs import PAD_ID

MOST_NATS = 700.0


def perplexity_of(cross_entropy: float) -> float:
    """exp of a cross-entropy in nats; infinite where that is too large for a float."""
    return math.exp(cross_entropy) if cross_entropy < MOST_NATS else math.inf


@register("metric")
@keras.saving.register_keras_serializable(package="kerasseq")
class Perplexity(keras.metrics.Metric):
    """exp of the mean cross-entropy of all real tokens since the last reset, whatever batches they came in.

    Args:
        name: The metric's name.
    Call arguments:
        y_true: Token ids, (batch, time), int; padding, 0, never counts.
        y_pred: Logits, (batch, time, vocabulary).
        sample_weight: Weight of every example or of every token, or None.
    Returns:
        The perplexity; `cross_entropy` is the mean itself, in nats.
    """

    from_text = False

    def __init__(self, *, name: str = "perplexity"):
        super().__init__(name=name, dtype="float32")
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        weights = token_weights(y_true, sample_weight)
        logits = ops.cast(y_pred, "float32")
        labels = ops.cast(y_true, "int32")
        of_labels = ops.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
        losses = ops.logsumexp(logits, axis=-1) - of_labels  # (batch, time)
        losses = ops.where(ops.not_equal(labels, PAD_ID), losses, 0.0)
        self.total.assign_add(ops.sum(losses * weights))
        self.count.assign_add(ops.sum(weights))

    def update_from_mean(self, mean_cross_entropy: Any, num_tokens: Any) -> None:
        """Adds a batch by its mean cross-entropy without label smoothing, which spares a pass over logits."""
        num_tokens = ops.cast(num_tokens, "float32")
        self.total.assign_add(ops.cast(mean_cross_entropy, "float32") * num_tokens)
        self.count.assign_add(num_tokens)

    @property
    def cross_entropy(self) -> Any:
        """Mean cross-entropy of a token, 0 before the first."""
        return ops.divide_no_nan(self.total, self.count)

    def result(self) -> Any:
        return ops.exp(self.cross_entropy)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}
