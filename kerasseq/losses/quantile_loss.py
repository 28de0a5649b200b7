"""The loss of forecasts that are quantiles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasseq.losses.point_loss import known_errors, known_parts


@keras.saving.register_keras_serializable(package="kerasseq")
class QuantileLoss(keras.losses.Loss):
    """Pinball loss, a mean over quantiles: what came is below the quantile q with the probability q.

    l_q(e) = max(q e, (q - 1) e),    e = what came - the quantile

    Args:
        quantiles: Each between 0 and 1, rising.
        name: The loss' name.
    Call arguments:
        y_true: (batch, horizon, targets), NaN where a value is missing.
        y_pred: (batch, horizon, targets, quantiles).
        sample_weight: A weight of each window, (batch,), or None.
    Returns:
        The loss, without axes; 0 where nothing is known.
    Raises:
        ValueError: If quantiles are not between 0 and 1, or do not rise.
    Reference:
        Koenker and Bassett 1978, section 2.
    """

    def __init__(self, quantiles: Sequence[float], *, name: str = "quantile_loss", dtype: Any = None):
        quantiles = tuple(float(quantile) for quantile in quantiles)
        if not quantiles or list(quantiles) != sorted({q for q in quantiles if 0 < q < 1}):
            raise ValueError(f"`quantiles` must rise between 0 and 1. Received: quantiles={quantiles!r}")
        super().__init__(name=name, reduction="mean_with_sample_weight", dtype="float32")
        self.quantiles = quantiles

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return ops.divide_no_nan(*self.parts(y_true, y_pred, sample_weight))

    def parts(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """The sum and the count, whose quotient the loss is; of several batches, both add up."""
        return known_parts(y_true, self.call(y_true, y_pred), sample_weight)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The mean over quantiles of each value, (batch, horizon, targets), 0 where it is missing."""
        y_true = ops.expand_dims(y_true, -1)
        errors = known_errors(y_true, ops.cast(y_pred, "float32"))  # (..., quantiles)
        levels = ops.convert_to_tensor(self.quantiles, "float32")
        return ops.mean(ops.maximum(levels * errors, (levels - 1.0) * errors), axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {"quantiles": list(self.quantiles), "name": self.name}
