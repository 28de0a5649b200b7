"""Cross-entropy of one class an example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasseq.losses.masked_cross_entropy import token_cross_entropy
from kerasseq.specs import Rate, check_arguments


@keras.saving.register_keras_serializable(package="kerasseq")
class ClassCrossEntropy(keras.losses.Loss):
    """Mean cross-entropy of the examples of a batch, each weighed by its class.

    L = sum_i w(y_i) l_i / sum_i w(y_i)        l_i = -log softmax(z_i)[y_i], smoothed

    Args:
        label_smoothing: Share of the class' probability that is spread evenly over all classes.
        class_weights: w, a weight for each class; None where all weigh the same.
        name: The loss' name.
    Call arguments:
        y_true: Classes, (batch,), int.
        y_pred: Logits, z, (batch, classes).
        sample_weight: One more weight of each example, or None.
    Returns:
        The loss, without axes; 0 where nothing counts.
    Raises:
        ValueError: If `label_smoothing` is out of its range.
    Reference:
        Szegedy et al. 2016, section 7, https://arxiv.org/abs/1512.00567
    """

    def __init__(
        self,
        *,
        label_smoothing: Rate = 0.0,
        class_weights: Sequence[float] | None = None,
        name: str = "class_cross_entropy",
        dtype: Any = None,
    ):
        check_arguments(ClassCrossEntropy.__init__, label_smoothing=label_smoothing)
        super().__init__(name=name, reduction="mean_with_sample_weight", dtype="float32")
        self.label_smoothing = label_smoothing
        self.class_weights = None if class_weights is None else [float(weight) for weight in class_weights]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return ops.divide_no_nan(*self.parts(y_true, y_pred, sample_weight))

    def parts(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """The sum and the count, whose quotient the loss is; of several batches, both add up."""
        labels = ops.reshape(ops.cast(y_true, "int32"), (-1,))
        losses = self.call(labels, y_pred)  # (batch,)
        weights = ops.ones_like(losses)
        if self.class_weights is not None:
            weights = ops.take(ops.convert_to_tensor(self.class_weights, "float32"), labels)
        if sample_weight is not None:
            weights = weights * ops.reshape(ops.cast(sample_weight, "float32"), (-1,))
        return ops.sum(losses * weights), ops.sum(weights)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The cross-entropy of each example, (batch,), not weighed."""
        return token_cross_entropy(y_true, y_pred, label_smoothing=self.label_smoothing)

    def get_config(self) -> dict[str, Any]:
        weights = {"class_weights": self.class_weights}
        return {"label_smoothing": self.label_smoothing, **weights, "name": self.name}
