"""One step of a forecast after the other."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.dropout import Dropout
from kerasseq.layers.forecasting.direct_forecast import small
from kerasseq.layers.scan import scan
from kerasseq.registry import create
from kerasseq.specs import Encoder, NonNegativeInt, PositiveInt, Rate, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class RecursiveForecast(keras.layers.Layer):
    """Reads a window with a recurrent network, and goes on with what it forecasts itself.

    h_t = cell([y_t, z_{t+1}, s], h_{t-1})        y_{t+1} = V h_t + b, and with `adds_last` y_t + V h_t + b

    z are covariates that are known in advance, s those that a series has once. Training goes through the
    steps as they will be run: each reads the forecast of the one before, of several quantiles the middle one.

    Args:
        horizon: Steps that are forecast, positive.
        num_targets: Series that are forecast together, positive.
        num_outputs: Numbers for each step and target: 1, or as many as there are quantiles.
        encoder: The `recurrent` encoder of one direction, with its options.
        adds_last: Whether each step is forecast as a difference from the one before.
        middle: The output that the next step reads.
        output_dropout: Rate on what the outputs are made of.
    Call arguments:
        targets: (batch, time, targets).
        known: What is known of all but the first step of the window and of the steps that are forecast,
            (batch, time + horizon - 1, known), or None.
        static: What a series has once, (batch, static), or None.
    Returns:
        (batch, horizon, targets, outputs).
    Raises:
        ValueError: If an argument is out of its range, or the encoder cannot go on step by step.
    """

    def __init__(
        self,
        *,
        horizon: PositiveInt,
        num_targets: PositiveInt = 1,
        num_outputs: PositiveInt = 1,
        encoder: Encoder = "recurrent",
        adds_last: bool = False,
        middle: NonNegativeInt = 0,
        output_dropout: Rate = 0.0,
        **kwargs: Any,
    ):
        sizes = {"horizon": horizon, "num_targets": num_targets, "num_outputs": num_outputs}
        check_arguments(RecursiveForecast.__init__, **sizes, middle=middle, output_dropout=output_dropout)
        super().__init__(**kwargs)
        self.options = {
            **sizes, "encoder": encoder, "adds_last": adds_last, "middle": middle,
            "output_dropout": output_dropout,
        }  # fmt: skip
        self.horizon, self.num_targets, self.num_outputs = horizon, num_targets, num_outputs
        self.adds_last, self.middle = adds_last, middle
        self.encoder = create("encoder", encoder)
        stack = getattr(self.encoder, "stack", None)
        if stack is None or stack.backward_layers:
            message = "a recursive forecast needs a `recurrent` `encoder` of one direction"
            raise ValueError(f"{message}. Received: encoder={encoder!r}")
        self.dropout = Dropout(output_dropout)
        width = num_targets * num_outputs
        self.outputs = keras.layers.Dense(width, kernel_initializer=small(), name="outputs")

    def build(self, targets_shape: tuple, known_shape: Any = None, static_shape: Any = None) -> None:
        more = sum(shape[-1] for shape in (known_shape, static_shape) if shape)
        self.encoder.build((*targets_shape[:-1], targets_shape[-1] + more))
        self.outputs.build((None, self.encoder.width))

    def call(self, targets: Any, known: Any = None, static: Any = None, training: bool = False) -> Any:
        num_steps = ops.shape(targets)[1]
        parts = [targets] if known is None else [targets, known[:, :num_steps]]
        if static is not None:
            each = (ops.shape(static)[0], num_steps, static.shape[-1])
            parts.append(ops.broadcast_to(static[:, None], each))
        outputs, states = self.encoder(ops.concatenate(parts, axis=-1), training=training)
        first = self._forecast(outputs[:, -1], targets[:, -1], training)  # (batch, targets, outputs)
        if self.horizon == 1:
            return first[:, None]
        ahead = ops.arange(self.horizon - 1) if known is None else ops.swapaxes(known[:, num_steps:], 0, 1)

        def step(carry: tuple, ahead_now: Any) -> tuple[tuple, Any]:
            before, states = carry
            read = [before] if known is None else [before, ahead_now]
            read = ops.concatenate(read if static is None else [*read, static], axis=-1)
            output, after = self.encoder.stack.step(read, states)
            forecast = self._forecast(output, before, training)
            return (forecast[..., self.middle], after), forecast

        carry = (first[..., self.middle], [tuple(layer) for layer in states])
        _, rest = scan(step, carry, ahead)  # (horizon - 1, batch, ...)
        return ops.concatenate([first[:, None], ops.swapaxes(rest, 0, 1)], axis=1)

    def _forecast(self, output: Any, before: Any, training: bool) -> Any:
        found = self.outputs(self.dropout(output, training=training))
        found = ops.reshape(found, (-1, self.num_targets, self.num_outputs))
        return found + before[..., None] if self.adds_last else found

    def compute_output_shape(self, targets_shape: tuple, *args: Any, **kwargs: Any) -> tuple:
        return (targets_shape[0], self.horizon, self.num_targets, self.num_outputs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}
