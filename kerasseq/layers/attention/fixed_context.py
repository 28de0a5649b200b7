"""A context that is the same at every step."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.attention.attention import Attention


@keras.saving.register_keras_serializable("kerasseq")
class FixedContext(Attention):
    """The mean of the memory enters the cell at every step, wherever the decoder would look: [y_{i-1}, c].

    Args:
        units: Width of the decoder's state, positive.
    Reference:
        Mao et al. 2015, https://arxiv.org/abs/1412.6632; Cho et al. 2014, https://arxiv.org/abs/1406.1078
    """

    feeds_context = True

    def build(self, query_shape: tuple, memory_shape: tuple) -> None:
        self.built = True

    def prepare(self, memory: Any) -> Any:
        return memory

    def energies(self, query: Any, keys: Any, parameters: tuple) -> Any:
        level = ops.zeros_like(keys[..., 0])  # (batch, source_time)
        if query.ndim == 3:
            level = ops.zeros_like(query[..., :1]) + level[:, None]
        return level

    def start_gradient(self, keys: Any) -> Any:
        return ops.zeros_like(keys)

    def energy_gradient(self, d_energies: Any, query: Any, keys: Any, parameters: tuple, total: Any) -> Any:
        return ops.zeros_like(query), total

    def finish_gradient(
        self, total: Any, d_energies: Any, queries: Any, parameters: tuple
    ) -> tuple[Any, tuple]:
        return total, ()
