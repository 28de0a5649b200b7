"""Gated recurrent unit."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.layers.affine import linear
from kerasseq.layers.cells.cell import Cell, States, Weights
from kerasseq.layers.scan import outer_sum, sigmoid, through_sigmoid, through_tanh
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
@register("cell")
class GRU(Cell):
    """GRU, with its update and its reset in either of the two usual arrangements.

    z = sigmoid(W_z x + b_z + U_z h' + d_z), r alike
    n = tanh(W_n x + b_n + r * (U_n h' + d_n)), or without `reset_after` tanh(W_n x + b_n + U_n (r * h'))
    h = z * h' + (1 - z) * n, or with `update: textbook` (1 - z) * h' + z * n

    Weights are laid out as in `keras.layers.GRU`, gates z, r, n side by side; Keras stacks the two biases,
    here they are `bias` (b) and `recurrent_bias` (d), which is there with `reset_after` alone.

    Args:
        units: Width of h, positive.
        update: What z multiplies: in `keras`, and in cuDNN, what stays of h'; in `textbook` what is new.
        reset_after: Apply r to the recurrent product, as cuDNN does, and not to h' before it.
        layer_norm: Normalise all products, see `Cell`.
    Reference:
        Cho et al. 2014, https://arxiv.org/abs/1406.1078: the update of `keras`, with the reset before the
        product, or after it in the arrangement of version 3. Chung et al. 2014,
        https://arxiv.org/abs/1412.3555: the textbook's update.
    """

    num_gates = 3

    def __init__(
        self,
        *,
        units: PositiveInt,
        update: Literal["keras", "textbook"] = "keras",
        reset_after: bool = True,
        layer_norm: bool = False,
        **kwargs: Any,
    ):
        check_arguments(GRU.__init__, update=update)
        super().__init__(units=units, layer_norm=layer_norm, **kwargs)
        self.update = update
        self.reset_after = reset_after

    def build(self, input_shape: tuple) -> None:
        super().build(input_shape)
        if self.reset_after:
            self.recurrent_bias = self.add_weight(
                name="recurrent_bias", shape=(3 * self.units,), initializer="zeros"
            )

    def step_weights(self) -> Weights:
        weights = super().step_weights()
        if self.reset_after:
            return {**weights, "recurrent_bias": self._computed_in(self.recurrent_bias)}
        apart = {}
        for name, weight in weights.items():  # those of n multiply another vector than those of z and r
            apart[name], apart[name.replace("recurrent", "candidate")] = ops.split(
                weight, [2 * self.units], axis=-1
            )
        return apart

    def step(self, projected: Any, states: States, weights: Weights) -> tuple[States, Any]:
        (h,) = states
        recurrent = self.recurrent_product(h, weights)  # (batch, 3 * units), or (batch, 2 * units)
        x_z, x_r, x_n = ops.split(projected, 3, axis=-1)
        if self.reset_after:
            h_z, h_r, h_n = ops.split(ops.add(recurrent, weights["recurrent_bias"]), 3, axis=-1)
        else:
            h_z, h_r = ops.split(recurrent, 2, axis=-1)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        saved = {"z": z, "r": r}
        if self.reset_after:
            saved["h_n"] = h_n
            n = ops.tanh(x_n + r * h_n)
        else:
            n = ops.tanh(x_n + self.recurrent_product(r * h, weights, "candidate"))
        return (self._between(h, n, z),), {**saved, "n": n}

    def _between(self, h: Any, n: Any, z: Any) -> Any:
        return z * h + (1 - z) * n if self.update == "keras" else (1 - z) * h + z * n

    @property
    def has_step_by_gate(self) -> bool:
        is_own = type(self) is GRU  # what derives from it may step otherwise
        return is_own and self.reset_after and not self.layer_norm

    def step_by_gate(self, projected: tuple[Any, ...], states: States, weights: Weights) -> States:
        (h,) = states
        x_z, x_r, x_n = projected
        gates = zip(weights["recurrent_kernel"], weights["recurrent_bias"], strict=True)
        h_z, h_r, h_n = (linear(h, kernel, bias) for kernel, bias in gates)
        n = ops.tanh(x_n + sigmoid(x_r + h_r) * h_n)
        return (self._between(h, n, sigmoid(x_z + h_z)),)

    def factors(self, previous: States, saved: Any) -> Any:
        z, r, n = saved["z"], saved["r"], saved["n"]
        is_keras = self.update == "keras"
        kept, taken = (z, 1 - z) if is_keras else (1 - z, z)
        to_z = through_sigmoid(z, previous[0] - n if is_keras else n - previous[0])
        to_n = through_tanh(n, taken)
        if self.reset_after:
            to_r = through_sigmoid(r, to_n * saved["h_n"])
            return {"gates": ops.concatenate([to_z, to_r, to_n], axis=-1), "r": r, "kept": kept}
        return {"z": to_z, "n": to_n, "r": r, "to_r": through_sigmoid(r, previous[0]), "kept": kept}

    def step_gradient(self, d_states: States, factors: Any, transposed: Weights) -> tuple[Any, States]:
        (d_h,) = d_states
        if self.reset_after:
            d_projected = ops.tile(d_h, (1, 3)) * factors["gates"]
            d_recurrent = self._behind_reset(d_projected, factors["r"])
            return d_projected, (d_h * factors["kept"] + self.recurrent_gradient(d_recurrent, transposed),)
        d_z, d_n = d_h * factors["z"], d_h * factors["n"]
        d_reset = self.recurrent_gradient(d_n, transposed, "candidate")  # the gradient of r * h'
        d_z_and_r = ops.concatenate([d_z, d_reset * factors["to_r"]], axis=-1)
        d_before = d_h * factors["kept"] + d_reset * factors["r"]
        d_projected = ops.concatenate([d_z_and_r, d_n], axis=-1)
        return d_projected, (d_before + self.recurrent_gradient(d_z_and_r, transposed),)

    def weight_gradients(self, previous: States, saved: Any, d_projected: Any) -> Weights:
        (h,) = previous
        d_z_and_r, d_n = ops.split(d_projected, [2 * self.units], axis=-1)
        if not self.reset_after:
            d_candidate = outer_sum(saved["r"] * h, d_n)
            return {"recurrent_kernel": outer_sum(h, d_z_and_r), "candidate_kernel": d_candidate}
        parts = (d_z_and_r, d_n * saved["r"])  # joined after the product: all steps together are large
        return {
            "recurrent_kernel": ops.concatenate([outer_sum(h, part) for part in parts], axis=-1),
            "recurrent_bias": ops.concatenate([ops.sum(part, axis=(0, 1)) for part in parts], axis=-1),
        }

    def _behind_reset(self, d_projected: Any, r: Any) -> Any:
        """The recurrent product reaches n through the reset gate; z and r get it as it is."""
        d_z_and_r, d_n = ops.split(d_projected, [2 * self.units], axis=-1)
        return ops.concatenate([d_z_and_r, d_n * r], axis=-1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "update": self.update, "reset_after": self.reset_after}
