"""Energies from a small network over query and key, for the attentions that use one."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.layers.affine import linear
from kerasseq.layers.attention.attention import Attention


class AdditiveAttention(Attention):
    """e_j = v^T tanh(W q + U h_j + b)."""

    is_additive = True

    def build(self, query_shape: tuple, memory_shape: tuple) -> None:
        self.query_kernel = self.add_weight(
            name="query_kernel", shape=(query_shape[-1], self.units), initializer="glorot_uniform"
        )
        self.memory_kernel = self.add_weight(
            name="memory_kernel", shape=(memory_shape[-1], self.units), initializer="glorot_uniform"
        )
        self.bias = self.add_weight(name="bias", shape=(self.units,), initializer="zeros")
        self.energy_kernel = self.add_weight(
            name="energy_kernel", shape=(self.units, 1), initializer="glorot_uniform"
        )

    def prepare(self, memory: Any) -> Any:
        kernel, bias = (ops.cast(weight, memory.dtype) for weight in (self.memory_kernel, self.bias))
        return linear(memory, kernel, bias)

    def parameters(self) -> tuple[Any, ...]:
        return (ops.convert_to_tensor(self.energy_kernel),)

    def energies(self, query: Any, keys: Any, parameters: tuple) -> Any:
        if query.ndim == 3:
            keys = keys[:, None]  # (batch, 1, source_time, units)
        hidden = ops.tanh(keys + query[..., None, :])  # (batch, [target_time,] source_time, units)
        return ops.squeeze(linear(hidden, parameters[0]), axis=-1)

    def beam_energies(self, query: Any, keys: Any, parameters: tuple, beams: dict[str, Any]) -> Any:
        # A hidden layer for each pair of query and key costs more than a copy of the keys for each row.
        energies = self.energies(query, ops.take(keys, beams["examples"], axis=0), parameters)
        return ops.take(energies, beams["rows"], axis=0)

    def start_gradient(self, keys: Any) -> Any:
        return {"squares": ops.zeros_like(keys), "kernel": ops.zeros((1, self.units), keys.dtype)}

    def energy_gradient(self, d_energies: Any, query: Any, keys: Any, parameters: tuple, total: Any) -> Any:
        # tanh' = 1 - tanh^2, and the 1 is summed over steps in `finish_gradient`: fewer passes in the loop.
        hidden = ops.tanh(keys + query[:, None])  # (batch, source_time, units)
        squares = hidden * hidden * d_energies[..., None]
        d_sum = ops.sum(d_energies, axis=-1, keepdims=True) - ops.sum(squares, axis=1)
        d_kernel = ops.matmul(ops.reshape(d_energies, (1, -1)), ops.reshape(hidden, (-1, self.units)))
        total = {"squares": total["squares"] + squares, "kernel": total["kernel"] + d_kernel}
        return d_sum * ops.reshape(parameters[0], (1, -1)), total

    def finish_gradient(
        self, total: Any, d_energies: Any, queries: Any, parameters: tuple
    ) -> tuple[Any, tuple]:
        d_sum = ops.sum(d_energies, axis=0)[..., None] - total["squares"]
        return d_sum * ops.reshape(parameters[0], (1, 1, -1)), (ops.transpose(total["kernel"]),)
