"""Missing values in a window of a series."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.specs import check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class FillMissing(keras.layers.Layer):
    """Fills missing values, NaN, with what else the window holds.

    `interpolate` draws a straight line from the known value before to the next one in the window. `mask`
    carries the value before on, and adds for each feature whether it is known. Before the first known value
    both take that one, behind the last one both carry it on; 0 stands where there is none at all. Nothing
    from outside the window is read, so that a forecast never sees what comes behind its origin.

    Args:
        method: `interpolate` or `mask`.
    Call arguments:
        inputs: (batch, time, features), NaN where a value is missing.
    Returns:
        (batch, time, features), and with `mask` (batch, time, 2 * features), the last half 1 where a value is
        known and 0 where not.
    Raises:
        ValueError: If `method` is neither.
    """

    def __init__(self, *, method: Literal["interpolate", "mask"] = "interpolate", **kwargs: Any):
        check_arguments(FillMissing.__init__, method=method)
        super().__init__(**kwargs)
        self.method = method

    def call(self, inputs: Any) -> Any:
        is_known = ops.logical_not(ops.isnan(inputs))
        values = ops.where(is_known, inputs, 0.0)
        num_steps = ops.shape(inputs)[1]
        place = ops.arange(num_steps, dtype="int32")[None, :, None] + ops.zeros_like(values, "int32")
        # The places of known values in a row, and how many there are up to each step, say what is next to it.
        known_places = ops.sort(ops.where(is_known, place, num_steps), axis=1)
        is_here = ops.cast(is_known, "int32")
        number = ops.cumsum(is_here, axis=1)
        before = ops.take_along_axis(known_places, ops.maximum(number - 1, 0), axis=1)
        after = ops.take_along_axis(known_places, number - is_here, axis=1)
        has_before, has_after = number > 0, after < num_steps
        low = ops.take_along_axis(values, ops.where(has_before, before, 0), axis=1)
        high = ops.take_along_axis(values, ops.where(has_after, after, 0), axis=1)
        low = ops.where(has_before, low, ops.where(has_after, high, 0.0))
        if self.method == "mask":
            return ops.concatenate([low, ops.cast(is_known, inputs.dtype)], axis=-1)
        is_between = ops.logical_and(has_before, has_after)
        distance = ops.cast(ops.maximum(after - before, 1), inputs.dtype)
        share = ops.where(is_between, ops.cast(place - before, inputs.dtype) / distance, 0.0)
        return low + share * (ops.where(is_between, high, low) - low)

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        return (*input_shape[:-1], input_shape[-1] * (2 if self.method == "mask" else 1))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "method": self.method}
