"""How often the likeliest next token is the right one, given the right ones before it."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.metrics.real_tokens import token_weights
from kerasseq.registry import register


@register("metric")
@keras.saving.register_keras_serializable(package="kerasseq")
class TokenAccuracy(keras.metrics.Metric):
    """The share of real tokens that a model ranks first when it was shown the reference up to there.

    It is no measure of what the model writes on its own, and says so in its name, `teacher_forced_accuracy`.

    Args:
        name: The metric's name.
    Call arguments:
        y_true: Token ids, (batch, time), int; padding, 0, never counts.
        y_pred: Logits, (batch, time, vocabulary).
        sample_weight: Weight of every example or of every token, or None.
    Returns:
        The accuracy, 0 to 1.
    """

    from_text = False

    def __init__(self, *, name: str = "teacher_forced_accuracy"):
        super().__init__(name=name, dtype="float32")
        self.correct = self.add_weight(name="correct", initializer="zeros")
        self.count = self.add_weight(name="count", initializer="zeros")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        weights = token_weights(y_true, sample_weight)
        is_correct = ops.equal(ops.cast(y_true, "int32"), ops.cast(ops.argmax(y_pred, axis=-1), "int32"))
        self.correct.assign_add(ops.sum(ops.cast(is_correct, "float32") * weights))
        self.count.assign_add(ops.sum(weights))

    def result(self) -> Any:
        return ops.divide_no_nan(self.correct, self.count)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}
