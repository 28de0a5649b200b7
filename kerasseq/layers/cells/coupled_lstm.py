"""LSTM that forgets exactly as much as it takes in."""

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
class CoupledLSTM(Cell):
    """LSTM with coupled input and forget gates, f = 1 - i.

    i = sigmoid(W_i x + U_i h' + b_i), o alike, g = tanh(W_g x + U_g h' + b_g)
    c = (1 - i) * c' + i * g, h = o * tanh(c)

    Gates i, g, o stand side by side.

    Args:
        units: Width of h and of c, positive.
        forget_bias: b_i starts at minus this; 1 lets gradients through from the start.
        layer_norm: Normalise both products and c, see `Cell`.
    Reference:
        Greff et al. 2017, "LSTM: a search space odyssey", section III (CIFG),
        https://arxiv.org/abs/1503.04069
    """

    num_states = 2
    num_gates = 3
    only_adds_product = True

    def __init__(
        self, *, units: PositiveInt, forget_bias: float = 1.0, layer_norm: bool = False, **kwargs: Any
    ):
        super().__init__(units=units, layer_norm=layer_norm, **kwargs)
        self.forget_bias = forget_bias

    def _bias_initializer(self, shape: tuple, dtype: Any = None) -> Any:
        g_and_o = ops.zeros((2 * self.units,), dtype)
        return ops.concatenate([ops.full((self.units,), -self.forget_bias, dtype), g_and_o])

    def step(self, projected: Any, states: States, weights: Weights) -> tuple[States, Any]:
        h, c = states
        gates = ops.add(projected, self.recurrent_product(h, weights))  # (batch, 3 * units)
        a_i, a_g, a_o = ops.split(gates, 3, axis=-1)
        i, g, o = sigmoid(a_i), ops.tanh(a_g), sigmoid(a_o)
        c = (1 - i) * c + i * g
        return (o * self.squash_memory(c, weights), c), {"i": i, "g": g, "o": o}

    def factors(self, previous: States, saved: Any) -> Any:
        i, g, o = (saved[gate] for gate in "igo")
        tanh_c = ops.tanh((1 - i) * previous[1] + i * g)
        by_gate = [(g - previous[1]) * i * (1 - i), i * (1 - g * g), tanh_c * o * (1 - o)]
        return {"c": o * (1 - tanh_c * tanh_c), "f": 1 - i, "gates": ops.concatenate(by_gate, axis=-1)}

    def step_gradient(self, d_states: States, factors: Any, transposed: Weights) -> tuple[Any, States]:
        d_h, d_c = d_states
        d_c = d_c + d_h * factors["c"]
        d_gates = ops.concatenate([d_c, d_c, d_h], axis=-1) * factors["gates"]
        return d_gates, (self.recurrent_gradient(d_gates, transposed), d_c * factors["f"])

    def weight_gradients(self, previous: States, saved: Any, d_projected: Any) -> Weights:
        return {"recurrent_kernel": outer_sum(previous[0], d_projected)}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "forget_bias": self.forget_bias}
