"""LSTM whose gates see the memory."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell, States, Weights
from kerasseq.layers.scan import outer_sum, sigmoid
from kerasseq.registry import register
from kerasseq.specs import PositiveInt


@keras.saving.register_keras_serializable("kerasseq")
@register("cell")
class PeepholeLSTM(Cell):
    """LSTM with peephole connections: i and f see the memory of the step before, o sees the new one.

    i = sigmoid(W_i x + U_i h' + p_i * c' + b_i), f alike, g = tanh(W_g x + U_g h' + b_g)
    c = f * c' + i * g
    o = sigmoid(W_o x + U_o h' + p_o * c + b_o), h = o * tanh(c)

    Gates i, f, g, o stand side by side, and p_i, p_f, p_o in `peephole`, which starts at zero: as an LSTM.

    Args:
        units: Width of h and of c, positive.
        forget_bias: What b_f starts at; 1 lets gradients through from the start.
        layer_norm: Normalise both products and c, see `Cell`.
    Reference:
        Gers et al. 2002, "Learning precise timing with LSTM recurrent networks", section 3.
    """

    num_states = 2
    num_gates = 4
    only_adds_product = True

    def __init__(
        self, *, units: PositiveInt, forget_bias: float = 1.0, layer_norm: bool = False, **kwargs: Any
    ):
        super().__init__(units=units, layer_norm=layer_norm, **kwargs)
        self.forget_bias = forget_bias

    def build(self, input_shape: tuple) -> None:
        super().build(input_shape)
        self.peephole = self.add_weight(name="peephole", shape=(3 * self.units,), initializer="zeros")

    def _bias_initializer(self, shape: tuple, dtype: Any = None) -> Any:
        i, g_and_o = ops.zeros((self.units,), dtype), ops.zeros((2 * self.units,), dtype)
        return ops.concatenate([i, ops.full((self.units,), self.forget_bias, dtype), g_and_o])

    def step_weights(self) -> Weights:
        p_i, p_f, p_o = ops.split(self._computed_in(self.peephole), 3)
        return {**super().step_weights(), "p_i": p_i, "p_f": p_f, "p_o": p_o}

    def step(self, projected: Any, states: States, weights: Weights) -> tuple[States, Any]:
        h, c = states
        gates = ops.add(projected, self.recurrent_product(h, weights))  # (batch, 4 * units)
        a_i, a_f, a_g, a_o = ops.split(gates, 4, axis=-1)
        i, f = sigmoid(a_i + weights["p_i"] * c), sigmoid(a_f + weights["p_f"] * c)
        g = ops.tanh(a_g)
        c = f * c + i * g
        o = sigmoid(a_o + weights["p_o"] * c)
        return (o * self.squash_memory(c, weights), c), {"i": i, "f": f, "g": g, "o": o}

    def factors(self, previous: States, saved: Any) -> Any:
        i, f, g, o = (saved[gate] for gate in "ifgo")
        tanh_c = ops.tanh(f * previous[1] + i * g)
        by_gate = [g * i * (1 - i), previous[1] * f * (1 - f), i * (1 - g * g)]
        return {
            "c": o * (1 - tanh_c * tanh_c),
            "f": f,
            "o": tanh_c * o * (1 - o),
            "gates": ops.concatenate(by_gate, axis=-1),
        }

    def step_gradient(self, d_states: States, factors: Any, transposed: Weights) -> tuple[Any, States]:
        d_h, d_c = d_states
        d_o = d_h * factors["o"]
        d_c = d_c + d_h * factors["c"] + d_o * transposed["p_o"]
        d_ifg = ops.tile(d_c, (1, 3)) * factors["gates"]
        d_i, d_f, _ = ops.split(d_ifg, 3, axis=-1)
        d_gates = ops.concatenate([d_ifg, d_o], axis=-1)
        d_before = d_c * factors["f"] + d_i * transposed["p_i"] + d_f * transposed["p_f"]
        return d_gates, (self.recurrent_gradient(d_gates, transposed), d_before)

    def weight_gradients(self, previous: States, saved: Any, d_projected: Any) -> Weights:
        d_i, d_f, _, d_o = ops.split(d_projected, 4, axis=-1)
        c = saved["f"] * previous[1] + saved["i"] * saved["g"]
        seen = {"p_i": d_i * previous[1], "p_f": d_f * previous[1], "p_o": d_o * c}
        return {
            "recurrent_kernel": outer_sum(previous[0], d_projected),
            **{name: ops.sum(products, axis=(0, 1)) for name, products in seen.items()},
        }

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "forget_bias": self.forget_bias}
