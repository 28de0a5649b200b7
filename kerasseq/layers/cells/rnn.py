"""The vanilla recurrent cell."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell, States, Weights
from kerasseq.layers.scan import outer_sum
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
@register("cell")
class RNN(Cell):
    """Elman's recurrent network.

    h = activation(W x + U h' + b)

    Args:
        units: Width of h, positive.
        activation: `tanh` or `relu`.
        layer_norm: Normalise both products, see `Cell`.
    Reference:
        Elman 1990, "Finding structure in time".
    """

    only_adds_product = True

    def __init__(
        self,
        *,
        units: PositiveInt,
        activation: Literal["tanh", "relu"] = "tanh",
        layer_norm: bool = False,
        **kwargs: Any,
    ):
        check_arguments(RNN.__init__, activation=activation)
        super().__init__(units=units, layer_norm=layer_norm, **kwargs)
        self.activation = activation

    def step(self, projected: Any, states: States, weights: Weights) -> tuple[States, Any]:
        total = ops.add(projected, self.recurrent_product(states[0], weights))
        h = ops.tanh(total) if self.activation == "tanh" else ops.relu(total)
        return (h,), h

    def factors(self, previous: States, saved: Any) -> Any:
        return 1 - saved * saved if self.activation == "tanh" else ops.cast(saved > 0, saved.dtype)

    def step_gradient(self, d_states: States, factors: Any, transposed: Weights) -> tuple[Any, States]:
        d_projected = d_states[0] * factors
        return d_projected, (self.recurrent_gradient(d_projected, transposed),)

    def weight_gradients(self, previous: States, saved: Any, d_projected: Any) -> Weights:
        return {"recurrent_kernel": outer_sum(previous[0], d_projected)}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": self.activation}
