"""Luong's global attention."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.layers.affine import linear
from kerasseq.layers.attention.additive import AdditiveAttention
from kerasseq.layers.attention.attention import Attention, product_of_rows
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments

Score = Literal["dot", "general", "concat", "scaled_dot"]


@register("attention")
def luong(*, units: PositiveInt, score: Score = "general") -> Attention:
    """Attends with the state after the step.

    dot: s^T h; scaled_dot: s^T h / sqrt(units); general: s^T W h; concat: v^T tanh(W [s; h]).
    The attentional vector tanh(W_c [c; s]) predicts the token.

    General's W is learned as g V, a number and a matrix, and g is 1 / sqrt(units) at first. At the rate that
    is right for the other weights, W itself would grow too fast: within the first hundred steps of Adam
    nearly all weight is on one place of the sentence, at every step, and little gradient is left. With g, the
    energies begin small and can sharpen as training goes on.

    Args:
        units: Width of the decoder's state, positive.
        score: `general`, `concat`, or, where encoder and decoder are equally wide, `dot`, `scaled_dot`.
    Reference:
        Luong et al. 2015, section 3.1, https://arxiv.org/abs/1508.04025; scaled_dot: Vaswani et al. 2017;
        g: as in Luong et al. 2017, https://github.com/tensorflow/nmt (`scaled_luong`).
    """
    check_arguments(luong, units=units, score=score)
    return LuongConcat(units=units) if score == "concat" else Luong(units=units, score=score)


@keras.saving.register_keras_serializable("kerasseq")
class LuongConcat(AdditiveAttention):
    """v^T tanh(W [s; h]), which is v^T tanh(W_s s + W_h h)."""


@keras.saving.register_keras_serializable("kerasseq")
class Luong(Attention):
    """The scores that are products of state and memory; `luong` says what is kept of W.

    Args:
        units: Width of the decoder's state, positive.
        score: `dot`, `scaled_dot` or `general`.
    """

    def __init__(
        self, *, units: PositiveInt, score: Literal["dot", "general", "scaled_dot"] = "general", **kwargs: Any
    ):
        check_arguments(Luong.__init__, score=score)
        super().__init__(units=units, **kwargs)
        self.score = score

    def build(self, query_shape: tuple, memory_shape: tuple) -> None:
        if self.score == "general":
            self.memory_kernel = self.add_weight(
                name="memory_kernel", shape=(memory_shape[-1], self.units), initializer="glorot_uniform"
            )
            start = keras.initializers.Constant(self.units**-0.5)
            self.scale = self.add_weight(name="scale", shape=(), initializer=start)
        elif memory_shape[-1] != self.units:
            raise ValueError(
                f"`score` {self.score!r} needs encoder outputs as wide as the decoder's state; "
                f"use 'general'. Received: encoder outputs of width {memory_shape[-1]}, units={self.units}"
            )

    def prepare(self, memory: Any) -> Any:
        if self.score == "general":
            kernel, scale = (ops.cast(weight, memory.dtype) for weight in (self.memory_kernel, self.scale))
            return linear(memory, kernel) * scale
        return memory * self.units**-0.5 if self.score == "scaled_dot" else memory

    def energies(self, query: Any, keys: Any, parameters: tuple) -> Any:
        if query.ndim == 2:
            return product_of_rows(query, keys)
        return ops.matmul(query, ops.transpose(keys, (0, 2, 1)))

    def energy_gradient(self, d_energies: Any, query: Any, keys: Any, parameters: tuple, total: Any) -> Any:
        return ops.squeeze(ops.matmul(d_energies[:, None], keys), axis=1), total

    def finish_gradient(
        self, total: Any, d_energies: Any, queries: Any, parameters: tuple
    ) -> tuple[Any, tuple]:
        over_time = ops.transpose(d_energies, (1, 2, 0))  # (batch, source_time, time)
        return ops.matmul(over_time, ops.transpose(queries, (1, 0, 2))), ()

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "score": self.score}
