"""Gated recurrent unit."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell, States
from kerasseq.layers.scan import outer_sum
from kerasseq.registry import register


@keras.saving.register_keras_serializable("kerasseq")
@register("cell")
class GRU(Cell):
    """GRU that applies the reset gate after the recurrent product, as cuDNN does.

    z = sigmoid(W_z x + b_z + U_z h' + d_z), r alike
    n = tanh(W_n x + b_n + r * (U_n h' + d_n)), h = z * h' + (1 - z) * n

    Weights are laid out as in `keras.layers.GRU(reset_after=True)`, gates z, r, n side by side; Keras
    stacks the two biases, here they are `bias` (b) and `recurrent_bias` (d).

    Args:
        units: Width of h, positive.
    Reference:
        Cho et al. 2014, https://arxiv.org/abs/1406.1078, in the arrangement of version 3.
    """

    num_gates = 3

    def build(self, input_shape: tuple) -> None:
        super().build(input_shape)
        self.recurrent_bias = self.add_weight(
            name="recurrent_bias", shape=(3 * self.units,), initializer="zeros"
        )

    def step_weights(self) -> tuple[Any, ...]:
        return (*super().step_weights(), ops.convert_to_tensor(self.recurrent_bias))

    def step(self, projected: Any, states: States, weights: tuple) -> tuple[States, Any]:
        (h,) = states
        recurrent = ops.add(ops.matmul(h, weights[0]), weights[1])  # (batch, 3 * units)
        x_z, x_r, x_n = ops.split(projected, 3, axis=-1)
        h_z, h_r, h_n = ops.split(recurrent, 3, axis=-1)
        z, r = ops.sigmoid(x_z + h_z), ops.sigmoid(x_r + h_r)
        n = ops.tanh(x_n + r * h_n)
        return (z * h + (1 - z) * n,), {"z": z, "r": r, "n": n, "h_n": h_n}

    def factors(self, previous: States, saved: Any) -> Any:
        z, r, n = saved["z"], saved["r"], saved["n"]
        to_n = (1 - z) * (1 - n * n)
        to_gates = ops.concatenate(
            [(previous[0] - n) * z * (1 - z), to_n * saved["h_n"] * r * (1 - r), to_n], axis=-1
        )
        return {"gates": to_gates, "r": r, "z": z}

    def step_gradient(self, d_states: States, factors: Any, transposed: tuple) -> tuple[Any, States]:
        (d_h,) = d_states
        d_projected = ops.tile(d_h, (1, 3)) * factors["gates"]
        d_recurrent = self._behind_reset(d_projected, factors["r"])
        return d_projected, (d_h * factors["z"] + ops.matmul(d_recurrent, transposed[0]),)

    def weight_gradients(self, previous: States, saved: Any, d_projected: Any) -> tuple[Any, ...]:
        d_recurrent = self._behind_reset(d_projected, saved["r"])
        return outer_sum(previous[0], d_recurrent), ops.sum(d_recurrent, axis=(0, 1))

    def _behind_reset(self, d_projected: Any, r: Any) -> Any:
        """The recurrent product reaches n through the reset gate; z and r get it as it is."""
        d_z_and_r, d_n = ops.split(d_projected, [2 * self.units], axis=-1)
        return ops.concatenate([d_z_and_r, d_n * r], axis=-1)
