"""The minimal long short-term memory."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell, States, Weights
from kerasseq.layers.scan import sigmoid
from kerasseq.registry import register
from kerasseq.specs import PositiveInt


@keras.saving.register_keras_serializable("kerasseq")
@register("cell")
class MinLSTM(Cell):
    """LSTM whose gates and candidate see the input alone, so that training runs in parallel over time.

    f = sigmoid(W_f x + b_f), i = sigmoid(W_i x + b_i), n = W_n x + b_n
    h = f / (f + i) * h' + i / (f + i) * n

    Gates f, i, n stand side by side. There is neither an output gate nor a second state.

    Args:
        units: Width of h, positive.
        forget_bias: What b_f starts at; more of it keeps the state for longer.
    Reference:
        Feng et al. 2024, "Were RNNs all we needed?", section 3.2, https://arxiv.org/abs/2410.01201
    """

    num_gates = 3
    has_product = False

    def __init__(self, *, units: PositiveInt, forget_bias: float = 1.0, **kwargs: Any):
        super().__init__(units=units, **kwargs)
        self.forget_bias = forget_bias

    def _bias_initializer(self, shape: tuple, dtype: Any = None) -> Any:
        i_and_n = ops.zeros((2 * self.units,), dtype)
        return ops.concatenate([ops.full((self.units,), self.forget_bias, dtype), i_and_n])

    def coefficients(self, projected: Any) -> tuple[Any, Any]:
        a_f, a_i, n = ops.split(projected, 3, axis=-1)
        kept = _share(a_f, a_i)
        return kept, (1 - kept) * n

    def step(self, projected: Any, states: States, weights: Weights) -> tuple[States, Any]:
        a_f, a_i, n = ops.split(projected, 3, axis=-1)
        kept = _share(a_f, a_i)
        new = kept * states[0] + (1 - kept) * n
        return (new,), {"kept": kept, "n": n, "f": sigmoid(a_f), "i": sigmoid(a_i)}

    def factors(self, previous: States, saved: Any) -> Any:
        kept = saved["kept"]
        to_share = (previous[0] - saved["n"]) * kept * (1 - kept)
        by_gate = [to_share * (1 - saved["f"]), to_share * (saved["i"] - 1), 1 - kept]
        return {"gates": ops.concatenate(by_gate, axis=-1), "kept": kept}

    def step_gradient(self, d_states: States, factors: Any, transposed: Weights) -> tuple[Any, States]:
        (d_h,) = d_states
        return ops.tile(d_h, (1, 3)) * factors["gates"], (d_h * factors["kept"],)

    def weight_gradients(self, previous: States, saved: Any, d_projected: Any) -> Weights:
        return {}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "forget_bias": self.forget_bias}


def _share(a_f: Any, a_i: Any) -> Any:
    """f / (f + i), which is 0 / 0 where both gates close, as sigmoid(log f - log i)."""
    return sigmoid(ops.softplus(-a_i) - ops.softplus(-a_f))
