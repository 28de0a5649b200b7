"""All steps of a forecast at once."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.layers.dropout import Dropout
from kerasseq.layers.sequence_summary import SequenceSummary
from kerasseq.specs import Encoder, NonNegativeInt, Pooling, PositiveInt, Rate, check_arguments


def small() -> keras.initializers.Initializer:
    """Of weights whose outputs are added to something that is right already, more or less."""
    return keras.initializers.VarianceScaling(0.01)


@keras.saving.register_keras_serializable("kerasseq")
class DirectForecast(keras.layers.Layer):
    """Reads a window into one vector, and every step of the forecast from that.

    c = pooling(encoder(x))        y_h = V_h c + b_h
    With covariates z that are known ahead:        y_h = V relu(W_h c + a_h + U z_h) + b

    With `autoregression`, a linear function of each target's last values is added, the same for all targets.

    Args:
        horizon: Steps that are forecast, positive.
        num_targets: Series that are forecast together, positive.
        num_outputs: Numbers for each step and target: 1, or as many as there are quantiles.
        encoder: A name from `layers/encoders/`, or a mapping with its options.
        pooling: What is kept of the encoder's outputs: a name from `layers/pooling/`.
        autoregression: How many last values the linear part reads; 0: there is none.
        residual: What each step is forecast as a difference from: nothing, the last value, or the value of a
            season before.
        season: Steps of a season.
        known_units: Width of what is made of the summary and the known covariates of each step.
        output_dropout: Rate on the summary.
    Call arguments:
        inputs: What the encoder reads, (batch, time, features).
        targets: The targets' own values, (batch, time, targets), for the linear part.
        known: What is known of the steps that are forecast, (batch, horizon, known), or None.
        static: What a series has once, (batch, static), or None; added to the summary.
    Returns:
        (batch, horizon, targets, outputs).
    Raises:
        ValueError: If an argument is out of its range.
    Reference:
        Lai et al. 2018, section 3.6, https://arxiv.org/abs/1703.07015 (the linear part).
    """

    def __init__(
        self,
        *,
        horizon: PositiveInt,
        num_targets: PositiveInt = 1,
        num_outputs: PositiveInt = 1,
        encoder: Encoder = "recurrent",
        pooling: Pooling = "last",
        autoregression: NonNegativeInt = 0,
        residual: Literal["none", "last_value", "seasonal"] = "none",
        season: PositiveInt = 1,
        known_units: PositiveInt = 32,
        output_dropout: Rate = 0.0,
        **kwargs: Any,
    ):
        sizes = {"horizon": horizon, "num_targets": num_targets, "num_outputs": num_outputs}
        more = {
            "autoregression": autoregression, "residual": residual, "season": season,
            "known_units": known_units, "output_dropout": output_dropout,
        }  # fmt: skip
        check_arguments(DirectForecast.__init__, **sizes, **more)
        super().__init__(**kwargs)
        self.options = {**sizes, **more, "encoder": encoder, "pooling": pooling}
        self.horizon, self.num_targets, self.num_outputs = horizon, num_targets, num_outputs
        self.autoregression, self.residual, self.season = autoregression, residual, season
        self.summary = SequenceSummary(encoder=encoder, pooling=pooling, name="summary")
        self.dropout = Dropout(output_dropout)

    def build(
        self, inputs_shape: tuple, targets_shape: tuple, known_shape: Any = None, static_shape: Any = None
    ) -> None:
        dense, sizes = keras.layers.Dense, self.options
        self.summary.build(inputs_shape)
        width = self.summary.encoder.width + (static_shape[-1] if static_shape else 0)
        at_each_step = self.num_targets * self.num_outputs
        width_of_outputs = at_each_step * (1 if known_shape else self.horizon)
        self.outputs = dense(width_of_outputs, kernel_initializer=small(), name="outputs")
        self.outputs.build((None, sizes["known_units"] if known_shape else width))
        if known_shape:
            self.steps = dense(self.horizon * sizes["known_units"], name="steps")
            self.steps.build((None, width))
            self.known = dense(sizes["known_units"], use_bias=False, name="known")
            self.known.build(known_shape)
        if self.autoregression:
            width_of_linear = self.horizon * self.num_outputs
            self.linear = dense(width_of_linear, kernel_initializer="zeros", name="linear")
            self.linear.build((None, None, self.autoregression))

    def call(
        self, inputs: Any, targets: Any, known: Any = None, static: Any = None, training: bool = False
    ) -> Any:
        summary = self.summary(inputs, training=training)
        if static is not None:
            summary = ops.concatenate([summary, static], axis=-1)
        steps = summary = self.dropout(summary, training=training)
        if known is not None:
            steps = ops.reshape(self.steps(summary), (-1, self.horizon, self.known.units))
            steps = ops.relu(steps + self.known(known))
        forecast = ops.reshape(self.outputs(steps), (-1, self.horizon, self.num_targets, self.num_outputs))
        if self.autoregression:
            last = ops.transpose(targets[:, -self.autoregression :], (0, 2, 1))  # (batch, targets, time)
            linear = ops.reshape(self.linear(last), (-1, self.num_targets, self.horizon, self.num_outputs))
            forecast = forecast + ops.transpose(linear, (0, 2, 1, 3))
        return forecast if self.residual == "none" else forecast + self._base(targets)[..., None]

    def _base(self, targets: Any) -> Any:
        """What the forecast is a difference from, (batch, horizon or 1, targets)."""
        if self.residual == "last_value":
            return targets[:, -1:]
        season = targets[:, -self.season :]
        repeats = -(-self.horizon // self.season)
        return ops.concatenate([season] * repeats, axis=1)[:, : self.horizon]

    def compute_output_shape(self, inputs_shape: tuple, *args: Any, **kwargs: Any) -> tuple:
        return (inputs_shape[0], self.horizon, self.num_targets, self.num_outputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}
