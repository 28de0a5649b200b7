"""Windows of a series brought to one level, whatever level the series has reached."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import keras
from keras import ops

from kerasseq.specs import check_arguments

SMALLEST = 1e-5


@keras.saving.register_keras_serializable("kerasseq")
class WindowNormalization(keras.layers.Layer):
    """Takes a level, and perhaps a spread, out of each window; what is forecast gets them back.

    `last_value` subtracts the last value. `instance` subtracts the mean and divides by the deviation of the
    window. `none` leaves it as it is. The forecast is then `normalized * scale + shift`.

    Args:
        kind: `none`, `last_value` or `instance`.
    Call arguments:
        inputs: (batch, time, targets).
    Returns:
        The normalized window, of the same shape, and its shift and scale, (batch, 1, targets) each.
    Raises:
        ValueError: If `kind` is none of these.
    Reference:
        Kim et al. 2022, equations 1 and 2 without the affine weights, https://openreview.net/forum?id=cGDAkQo1C0p
        (`instance`); Zeng et al. 2023, section 4, https://arxiv.org/abs/2205.13504 (`last_value`, NLinear).
    """

    def __init__(self, *, kind: Literal["none", "last_value", "instance"] = "none", **kwargs: Any):
        check_arguments(WindowNormalization.__init__, kind=kind)
        super().__init__(**kwargs)
        self.kind = kind

    def call(self, inputs: Any) -> tuple[Any, Any, Any]:
        shift, scale = ops.zeros_like(inputs[:, -1:]), ops.ones_like(inputs[:, -1:])
        if self.kind == "last_value":
            shift = inputs[:, -1:]
        elif self.kind == "instance":
            shift = ops.mean(inputs, axis=1, keepdims=True)
            scale = ops.sqrt(ops.var(inputs, axis=1, keepdims=True) + SMALLEST)
        return (inputs - shift) / scale, shift, scale

    def compute_output_shape(self, input_shape: tuple) -> tuple:
        one = (input_shape[0], 1, input_shape[-1])
        return input_shape, one, one

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "kind": self.kind}


@keras.saving.register_keras_serializable("kerasseq")
class ForecastOutput(keras.layers.Layer):
    """Gives a forecast the level and spread of its window back, and says what its numbers are.

    Args:
        loss: What one number for each step is trained for: `mse`, `mae` or `huber`.
        quantiles: Which quantiles the numbers are; none: there is one number.
    Call arguments:
        forecast: (batch, horizon, targets, outputs).
        shift: Of the window, (batch, 1, targets).
        scale: Alike.
    Returns:
        (batch, horizon, targets, quantiles), or (batch, horizon, targets) where there are none.
    """

    def __init__(
        self,
        *,
        loss: Literal["mse", "mae", "huber"] = "mse",
        quantiles: Sequence[float] = (),
        **kwargs: Any,
    ):
        check_arguments(ForecastOutput.__init__, loss=loss)
        super().__init__(**kwargs)
        self.loss, self.quantiles = loss, tuple(map(float, quantiles))

    def call(self, forecast: Any, shift: Any, scale: Any) -> Any:
        restored = forecast * scale[..., None] + shift[..., None]
        return restored if self.quantiles else restored[..., 0]

    def compute_output_shape(self, forecast_shape: tuple, *args: Any, **kwargs: Any) -> tuple:
        return forecast_shape if self.quantiles else forecast_shape[:-1]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "loss": self.loss, "quantiles": list(self.quantiles)}
