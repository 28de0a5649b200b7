"""The minimal gated recurrent unit."""

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
class MinGRU(Cell):
    """GRU whose gate and candidate see the input alone, so that training runs in parallel over time.

    z = sigmoid(W_z x + b_z), n = W_n x + b_n
    h = (1 - z) * h' + z * n

    Gates z, n stand side by side.

    Args:
        units: Width of h, positive.
    Reference:
        Feng et al. 2024, "Were RNNs all we needed?", section 3.1, https://arxiv.org/abs/2410.01201
    """

    num_gates = 2
    has_product = False

    def __init__(self, *, units: PositiveInt, **kwargs: Any):
        super().__init__(units=units, **kwargs)

    def coefficients(self, projected: Any) -> tuple[Any, Any]:
        z, n = ops.split(projected, 2, axis=-1)
        z = sigmoid(z)
        return 1 - z, z * n

    def step(self, projected: Any, states: States, weights: Weights) -> tuple[States, Any]:
        z, n = ops.split(projected, 2, axis=-1)
        z = sigmoid(z)
        return ((1 - z) * states[0] + z * n,), {"z": z, "n": n}

    def factors(self, previous: States, saved: Any) -> Any:
        z, n = saved["z"], saved["n"]
        return {"z": (n - previous[0]) * z * (1 - z), "n": z}

    def step_gradient(self, d_states: States, factors: Any, transposed: Weights) -> tuple[Any, States]:
        (d_h,) = d_states
        d_n = d_h * factors["n"]
        return ops.concatenate([d_h * factors["z"], d_n], axis=-1), (d_h - d_n,)

    def weight_gradients(self, previous: States, saved: Any, d_projected: Any) -> Weights:
        return {}
