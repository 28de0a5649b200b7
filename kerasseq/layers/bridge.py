"""How the encoder's last states become the decoder's first."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.specs import check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class StateBridge(keras.layers.Layer):
    """Maps encoder states to decoder states.

    Args:
        state_sizes: For each decoder layer the widths of its states.
        mode: `copy` hands them over as they are, layer by layer; `zero` starts from zeros; `dense` maps all
            states of a layer through tanh(W s + b), for each decoder state its own W. A decoder layer without
            a partner takes the encoder's last layer.
    Call arguments:
        states: For each encoder layer its states, (batch, width) each.
    Returns:
        For each decoder layer its states, (batch, units) each.
    Raises:
        ValueError: If `copy` meets other numbers or widths of states.
    """

    def __init__(
        self, *, state_sizes: list[list[int]], mode: Literal["copy", "zero", "dense"] = "dense", **kwargs: Any
    ):
        check_arguments(StateBridge.__init__, mode=mode)
        super().__init__(**kwargs)
        self.state_sizes = state_sizes
        self.mode = mode
        self.projections = [
            [keras.layers.Dense(size, activation="tanh") for size in sizes] if mode == "dense" else []
            for sizes in state_sizes
        ]

    def build(self, states_shape: list) -> None:
        shapes = [[tuple(shape) for shape in layer] for layer in states_shape]
        widths = [[shape[-1] for shape in layer] for layer in shapes]
        if self.mode == "copy" and widths != [list(sizes) for sizes in self.state_sizes]:
            raise ValueError(
                "`bridge` 'copy' needs encoder and decoder states of the same number and widths; "
                f"use 'dense'. Received: encoder {widths}, decoder {self.state_sizes}"
            )
        for index, projections in enumerate(self.projections):
            width = sum(widths[min(index, len(widths) - 1)])
            for projection in projections:
                projection.build((None, width))

    def call(self, states: Any) -> list[tuple]:
        if self.mode == "copy":
            return [tuple(layer) for layer in states]
        if self.mode == "zero":
            rows = ops.shape(states[0][0])[0]
            return [
                tuple(ops.zeros((rows, size), self.compute_dtype) for size in sizes)
                for sizes in self.state_sizes
            ]
        bridged = []
        for index, projections in enumerate(self.projections):
            joined = ops.concatenate(list(states[min(index, len(states) - 1)]), axis=-1)
            bridged.append(tuple(projection(joined) for projection in projections))
        return bridged

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "state_sizes": self.state_sizes, "mode": self.mode}
