"""A recurrent encoder."""

from __future__ import annotations

from typing import Any, Literal

import keras

from kerasseq.layers.dropout import Dropout
from kerasseq.layers.kernels.choice import Kernel
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.stack import RecurrentStack, sequence_and_states
from kerasseq.registry import register
from kerasseq.specs import Cell, PositiveInt, Rate, check_arguments

CONSTRAINTS = (
    (
        "cell.type not in ('mingru', 'minlstm') or recurrent_dropout == 0 and weight_drop == 0",
        "the minimal cells have no recurrent product to drop from: take `zoneout` or `dropout`",
    ),
)


@keras.saving.register_keras_serializable("kerasseq")
@register("encoder")
class RecurrentEncoder(keras.layers.Layer):
    """Stacked recurrent layers, one- or bidirectional.

    Args:
        units: Width of each layer, for each direction, positive.
        cell: The recurrent cell.
        num_layers: Layers on top of each other.
        bidirectional: Read both ways.
        merge: Join the two directions side by side (`concat`, 2 * units wide), or add them (`sum`).
        residual: Add each upper layer's input to its output.
        dropout: Rate between the layers and on the outputs.
        recurrent_dropout: Share of the state that is dropped before its products, the same at all steps.
        weight_drop: Share of the recurrent weights that is dropped, drawn once a batch.
        zoneout: Share of each state that stays as it was.
        kernel: What the loops over time run on: `auto`, `fused`, `cudnn` or `generic`.
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
        merge: Literal["concat", "sum"] = "concat",
        residual: bool = False,
        dropout: Rate = 0.0,
        recurrent_dropout: Rate = 0.0,
        weight_drop: Rate = 0.0,
        zoneout: Rate = 0.0,
        kernel: Kernel = "auto",
        **kwargs: Any,
    ):
        options = {
            "units": units, "cell": cell, "num_layers": num_layers, "bidirectional": bidirectional,
            "merge": merge, "residual": residual, "dropout": dropout, "recurrent_dropout": recurrent_dropout,
            "weight_drop": weight_drop, "zoneout": zoneout, "kernel": kernel,
        }  # fmt: skip
        check_arguments(RecurrentEncoder.__init__, **options)
        super().__init__(**kwargs)
        self.options = options
        self.stack = RecurrentStack(**options)
        self.dropout = Dropout(dropout)
        self.width = self.stack.width

    @property
    def state_sizes(self) -> list[list[int]]:
        """For each layer the widths of its states."""
        return self.stack.state_sizes

    def build(self, inputs_shape: tuple) -> None:
        self.stack.build(inputs_shape)

    def compute_output_spec(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, list]:
        return sequence_and_states(self, *inputs.shape[:2])

    def call(self, inputs: Any, padding_mask: Any = None, training: bool = False) -> tuple[Any, list]:
        outputs, states = self.stack(inputs, mask=padding_mask, training=training)
        return self.dropout(outputs, training=training), states

    @staticmethod
    def output_mask(padding_mask: Any) -> Any:
        """Which outputs are real, from which inputs are: there is one for each."""
        return padding_mask

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RecurrentEncoder:
        return super().from_config(with_ready_parts(config, "cell"))
