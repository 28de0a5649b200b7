"""A recurrent encoder."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.recurrent import Recurrent
from kerasseq.registry import register
from kerasseq.specs import Cell, PositiveInt, Rate, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
@register("encoder")
class RecurrentEncoder(keras.layers.Layer):
    """Stacked recurrent layers, one- or bidirectional.

    Args:
        units: Width of each layer, for each direction, positive.
        cell: The recurrent cell.
        num_layers: Layers on top of each other.
        bidirectional: Read both ways and concatenate: outputs and states are then 2 * units wide.
        residual: Add each upper layer's input to its output.
        dropout: Rate between the layers and on the outputs.
    Call arguments:
        inputs: (batch, time, features).
        padding_mask: True at real tokens, (batch, time).
    Returns:
        Outputs (batch, time, width), and for each layer its last states, (batch, width) each: the forward
        one at the last real token, the backward one at the first.
    Reference:
        Schuster and Paliwal 1997 (bidirectional); Wu et al. 2016, section 3.1 (residual).
    """

    def __init__(
        self,
        *,
        units: PositiveInt = 256,
        cell: Cell = "lstm",
        num_layers: PositiveInt = 1,
        bidirectional: bool = False,
        residual: bool = False,
        dropout: Rate = 0.0,
        **kwargs: Any,
    ):
        check_arguments(RecurrentEncoder.__init__, units=units, num_layers=num_layers, dropout=dropout)
        super().__init__(**kwargs)
        self.options = {
            "units": units, "cell": cell, "num_layers": num_layers, "bidirectional": bidirectional,
            "residual": residual, "dropout": dropout,
        }  # fmt: skip
        self.residual = residual
        self.dropout = keras.layers.Dropout(dropout)
        options = {"cell": cell, "units": units, "return_sequences": True, "return_state": True}
        self.forward_layers = [Recurrent(**options) for _ in range(num_layers)]
        self.backward_layers = [
            Recurrent(**options, go_backwards=True) for _ in range(num_layers if bidirectional else 0)
        ]
        self.width = 2 * units if bidirectional else units

    @property
    def state_sizes(self) -> list[list[int]]:
        """For each layer the widths of its states."""
        return [[self.width] * layer.cell.num_states for layer in self.forward_layers]

    def build(self, inputs_shape: tuple) -> None:
        for index in range(len(self.forward_layers)):
            shape = (*inputs_shape[:-1], self.width if index else inputs_shape[-1])
            self.forward_layers[index].build(shape)
            if self.backward_layers:
                self.backward_layers[index].build(shape)

    def call(self, inputs: Any, padding_mask: Any = None, training: bool = False) -> tuple[Any, list]:
        outputs, all_states = inputs, []
        for index in range(len(self.forward_layers)):
            below = self.dropout(outputs, training=training) if index else outputs
            outputs, states = self._layer(index, below, padding_mask)
            outputs = outputs + below if index and self.residual else outputs
            all_states.append(states)
        return self.dropout(outputs, training=training), all_states

    def _layer(self, index: int, inputs: Any, padding_mask: Any) -> tuple[Any, tuple]:
        outputs, states = self.forward_layers[index](inputs, mask=padding_mask)
        if not self.backward_layers:
            return outputs, states
        backward, backward_states = self.backward_layers[index](inputs, mask=padding_mask)
        joined = [ops.concatenate(pair, axis=-1) for pair in zip(states, backward_states, strict=True)]
        return ops.concatenate([outputs, backward], axis=-1), tuple(joined)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RecurrentEncoder:
        return super().from_config(with_ready_parts(config, "cell"))
