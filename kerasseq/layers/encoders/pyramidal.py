"""A recurrent encoder whose every layer is half as long as the one below."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell as CellLayer
from kerasseq.layers.dropout import Dropout
from kerasseq.layers.kernels.choice import Kernel
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.stack import RecurrentStack, sequence_and_states
from kerasseq.registry import register
from kerasseq.specs import Cell, PositiveInt, Rate, check_arguments

MODELS = ("speech_recognizer",)  # the others look at their inputs step by step


@keras.saving.register_keras_serializable("kerasseq")
@register("encoder")
class PyramidalEncoder(keras.layers.Layer):
    """Stacked recurrent layers; each above the first reads pairs of neighbouring outputs as one step.

    h_t^j = BiRNN(h_{t-1}^j, [h_{2t}^{j-1}, h_{2t+1}^{j-1}])

    With `num_layers` layers, 2 ** (num_layers - 1) steps become one. Where the last step has no neighbour, 0
    stands in its place.

    Args:
        units: Width of each layer, for each direction, positive.
        cell: The recurrent cell.
        num_layers: Layers on top of each other.
        bidirectional: Read both ways.
        merge: Join the two directions side by side (`concat`, 2 * units wide), or add them (`sum`).
        dropout: Rate between the layers and on the outputs.
        recurrent_dropout: Share of the state that is dropped before its products, the same at all steps.
        weight_drop: Share of the recurrent weights that is dropped, drawn once a batch.
        zoneout: Share of each state that stays as it was.
        kernel: What the loops over time run on: `auto`, `fused`, `cudnn` or `generic`.
    Call arguments:
        inputs: (batch, time, features).
        padding_mask: True at real steps, (batch, time).
    Returns:
        Outputs (batch, time / 2 ** (num_layers - 1), width), rounded up at each layer, and for each layer its
        last states, (batch, width) each. `output_mask` says which outputs are real.
    Raises:
        ValueError: If an argument is out of its range.
    Reference:
        Chan et al. 2016, section 3.1, https://arxiv.org/abs/1508.01211
    """

    def __init__(
        self,
        *,
        units: PositiveInt = 256,
        cell: Cell = "lstm",
        num_layers: PositiveInt = 3,
        bidirectional: bool = True,
        merge: Literal["concat", "sum"] = "concat",
        dropout: Rate = 0.0,
        recurrent_dropout: Rate = 0.0,
        weight_drop: Rate = 0.0,
        zoneout: Rate = 0.0,
        kernel: Kernel = "auto",
        **kwargs: Any,
    ):
        options = {
            "units": units, "cell": cell, "num_layers": num_layers, "bidirectional": bidirectional,
            "merge": merge, "dropout": dropout, "recurrent_dropout": recurrent_dropout,
            "weight_drop": weight_drop, "zoneout": zoneout, "kernel": kernel,
        }  # fmt: skip
        check_arguments(PyramidalEncoder.__init__, **options)
        super().__init__(**kwargs)
        self.options = options
        of_layer = {name: value for name, value in options.items() if name not in ("num_layers", "cell")}
        self.layers = [
            RecurrentStack(cell=_own(cell, index), num_layers=1, **of_layer) for index in range(num_layers)
        ]
        self.dropout = Dropout(dropout)
        self.width = self.layers[0].width

    @property
    def state_sizes(self) -> list[list[int]]:
        """For each layer the widths of its states."""
        return [sizes for layer in self.layers for sizes in layer.state_sizes]

    def build(self, inputs_shape: tuple) -> None:
        for index, layer in enumerate(self.layers):
            layer.build((*inputs_shape[:-1], 2 * self.width if index else inputs_shape[-1]))

    def compute_output_spec(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, list]:
        num_steps = inputs.shape[1] if len(self.layers) == 1 else None
        return sequence_and_states(self, inputs.shape[0], num_steps)

    def call(self, inputs: Any, padding_mask: Any = None, training: bool = False) -> tuple[Any, list]:
        outputs, mask, all_states = inputs, padding_mask, []
        for index, layer in enumerate(self.layers):
            if index:
                outputs, mask = _in_pairs(outputs, mask), _halved(mask)
            outputs, states = layer(outputs, mask=mask, training=training)
            outputs = self.dropout(outputs, training=training)
            all_states += states
        return outputs, all_states

    def output_mask(self, padding_mask: Any) -> Any:
        """Which outputs are real, from which inputs are."""
        for _ in self.layers[1:]:
            padding_mask = _halved(padding_mask)
        return padding_mask

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PyramidalEncoder:
        return super().from_config(with_ready_parts(config, "cell"))


def _in_pairs(outputs: Any, mask: Any) -> Any:
    """(batch, time, width) -> (batch, time / 2, 2 * width), 0 at what is not real."""
    if mask is not None:
        outputs = ops.where(mask[..., None], outputs, ops.zeros_like(outputs))
    num_steps, width = ops.shape(outputs)[1], outputs.shape[2]
    outputs = ops.pad(outputs, ((0, 0), (0, 1), (0, 0)))[:, : (num_steps + 1) // 2 * 2]
    return ops.reshape(outputs, (ops.shape(outputs)[0], (num_steps + 1) // 2, 2 * width))


def _halved(mask: Any) -> Any:
    """A pair is real where its first is."""
    return None if mask is None else mask[:, ::2]


def _own(cell: Any, index: int) -> Any:
    """A ready cell goes to the first layer; the others get one like it, with weights of their own."""
    return type(cell).from_config(cell.get_config()) if isinstance(cell, CellLayer) and index else cell
