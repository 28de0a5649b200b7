"""Long short-term memory."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell, States, Weights
from kerasseq.layers.scan import outer_sum, sigmoid, through_sigmoid, through_tanh
from kerasseq.registry import register
from kerasseq.specs import PositiveInt


@keras.saving.register_keras_serializable("kerasseq")
@register("cell")
class LSTM(Cell):
    """LSTM with forget gate.

    i = sigmoid(W_i x + U_i h' + b_i), f and o alike, g = tanh(W_g x + U_g h' + b_g)
    c = f * c' + i * g, h = o * tanh(c)

    Weights are laid out as in `keras.layers.LSTM`: gates i, f, g, o side by side.

    Args:
        units: Width of h and of c, positive.
        forget_bias: What b_f starts at; 1 lets gradients through from the start.
        layer_norm: Normalise both products and c, see `Cell`.
    Reference:
        Hochreiter and Schmidhuber 1997; Gers et al. 2000 (forget gate); Jozefowicz et al. 2015 (its bias).
    """

    num_states = 2
    num_gates = 4
    only_adds_product = True

    def __init__(
        self, *, units: PositiveInt, forget_bias: float = 1.0, layer_norm: bool = False, **kwargs: Any
    ):
        super().__init__(units=units, layer_norm=layer_norm, **kwargs)
        self.forget_bias = forget_bias

    def _bias_initializer(self, shape: tuple, dtype: Any = None) -> Any:
        i, g_and_o = ops.zeros((self.units,), dtype), ops.zeros((2 * self.units,), dtype)
        return ops.concatenate([i, ops.full((self.units,), self.forget_bias, dtype), g_and_o])

    def step(self, projected: Any, states: States, weights: Weights) -> tuple[States, Any]:
        h, c = states
        gates = ops.add(projected, self.recurrent_product(h, weights))  # (batch, 4 * units)
        squashed = sigmoid(gates)  # one pass over all gates is cheaper than three over their parts
        i, f, _, o = ops.split(squashed, 4, axis=-1)
        g = ops.tanh(gates[:, 2 * self.units : 3 * self.units])
        c = f * c + i * g
        return (o * self.squash_memory(c, weights), c), {"squashed": squashed, "g": g}

    @property
    def has_step_by_gate(self) -> bool:
        return type(self) is LSTM and not self.layer_norm  # what derives from it may step otherwise

    def step_by_gate(self, projected: tuple[Any, ...], states: States, weights: Weights) -> States:
        h, c = states
        gates = zip(projected, weights["recurrent_kernel"], strict=True)
        a_i, a_f, a_g, a_o = (ops.add(part, ops.matmul(h, kernel)) for part, kernel in gates)
        c = sigmoid(a_f) * c + sigmoid(a_i) * ops.tanh(a_g)
        return sigmoid(a_o) * ops.tanh(c), c

    def factors(self, previous: States, saved: Any) -> Any:
        i, f, _, o = ops.split(saved["squashed"], 4, axis=-1)
        g = saved["g"]
        tanh_c = ops.tanh(f * previous[1] + i * g)
        by_gate = [
            through_sigmoid(i, g),
            through_sigmoid(f, previous[1]),
            through_tanh(g, i),
            through_sigmoid(o, tanh_c),
        ]
        return {"c": through_tanh(tanh_c, o), "f": f, "gates": ops.concatenate(by_gate, axis=-1)}

    def step_gradient(self, d_states: States, factors: Any, transposed: Weights) -> tuple[Any, States]:
        d_h, d_c = d_states
        d_c = d_c + d_h * factors["c"]
        d_gates = ops.concatenate([d_c, d_c, d_c, d_h], axis=-1) * factors["gates"]
        return d_gates, (self.recurrent_gradient(d_gates, transposed), d_c * factors["f"])

    def weight_gradients(self, previous: States, saved: Any, d_projected: Any) -> Weights:
        return {"recurrent_kernel": outer_sum(previous[0], d_projected)}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "forget_bias": self.forget_bias}
