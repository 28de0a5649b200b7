"""Losses of forecasts that are one number each."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.specs import PositiveFloat, check_arguments


@keras.saving.register_keras_serializable(package="kerasseq")
class PointLoss(keras.losses.Loss):
    """Mean error of all values that are known.

    A target that is NaN is missing: it is neither in the sum nor in the count.

    Args:
        kind: `mse`, whose best forecast is the mean; `mae`, the median; `huber`, squared for errors up to
            `delta` and straight beyond, so that outliers count less.
        delta: Where `huber` becomes straight, in scaled units.
        name: The loss' name.
    Call arguments:
        y_true: (batch, horizon, targets), NaN where a value is missing.
        y_pred: Alike.
        sample_weight: A weight of each window, (batch,), or None.
    Returns:
        The loss, without axes; 0 where nothing is known.
    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        *,
        kind: Literal["mse", "mae", "huber"] = "mse",
        delta: PositiveFloat = 1.0,
        name: str = "point_loss",
        dtype: Any = None,
    ):
        check_arguments(PointLoss.__init__, kind=kind, delta=delta)
        super().__init__(name=name, reduction="mean_with_sample_weight", dtype="float32")
        self.kind, self.delta = kind, float(delta)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return ops.divide_no_nan(*self.parts(y_true, y_pred, sample_weight))

    def parts(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """The sum and the count, whose quotient the loss is; of several batches, both add up."""
        return known_parts(y_true, self.call(y_true, y_pred), sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The loss of each value, (batch, horizon, targets), 0 where it is missing."""
        error = known_errors(y_true, ops.cast(y_pred, "float32"))
        size = ops.abs(error)
        if self.kind == "mae":
            return size
        if self.kind == "mse":
            return ops.square(error)
        return ops.where(size <= self.delta, 0.5 * ops.square(error), self.delta * (size - 0.5 * self.delta))

    def get_config(self) -> dict[str, Any]:
        return {"kind": self.kind, "delta": self.delta, "name": self.name}


def known_errors(y_true: Any, y_pred: Any) -> Any:
    """What came less what was forecast, 0 where it is missing."""
    y_true = ops.cast(y_true, "float32")
    is_known = ops.logical_not(ops.isnan(y_true))
    return ops.where(is_known, ops.where(is_known, y_true, 0.0) - y_pred, 0.0)


def known_parts(y_true: Any, losses: Any, sample_weight: Any = None) -> tuple[Any, Any]:
    """The sum of losses, (batch, horizon, targets), of values that are not missing, and their number."""
    weights = ops.cast(ops.logical_not(ops.isnan(ops.cast(y_true, "float32"))), "float32")
    if sample_weight is not None:
        weights = weights * ops.reshape(ops.cast(sample_weight, "float32"), (-1, 1, 1))
    return ops.sum(losses * weights), ops.sum(weights)
