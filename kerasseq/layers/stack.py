"""Recurrent layers on top of each other."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell, States
from kerasseq.layers.dropout import Dropout
from kerasseq.layers.kernels.choice import Kernel
from kerasseq.layers.kernels.halves import loops_at_once
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.recurrent import Recurrent
from kerasseq.specs import Cell as CellName
from kerasseq.specs import PositiveInt, Rate, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class RecurrentStack(keras.layers.Layer):
    """Recurrent layers on top of each other, one- or bidirectional.

    Args:
        units: Width of each layer, for each direction, positive.
        cell: The recurrent cell.
        num_layers: Layers on top of each other.
        bidirectional: Read both ways; each layer reads what the one below made of both.
        merge: Join the two directions side by side (`concat`), or add them (`sum`).
        residual: Add each upper layer's input to its output.
        dropout: Rate between the layers.
        recurrent_dropout: Share of the state that is dropped before its products, the same at all steps.
        weight_drop: Share of the recurrent weights that is dropped, drawn once a batch.
        zoneout: Share of each state that stays as it was.
        kernel: What the loops over time run on: `auto`, `fused`, `cudnn` or `generic`.
    Call arguments:
        inputs: (batch, time, features).
        mask: True at real tokens, (batch, time).
        initial_states: For each layer its states, (batch, units) each, zeros unless given; for one direction.
    Returns:
        Outputs (batch, time, width), and for each layer its last states, (batch, width) each: the forward
        one at the last real token, the backward one at the first. `width` is 2 * units where two directions
        are joined side by side.
    Raises:
        ValueError: If an argument is out of its range, or initial states are given for two directions.
    Reference:
        Schuster and Paliwal 1997 (bidirectional); Wu et al. 2016, section 3.1 (residual); see `StateNoise`
        for what is dropped.
    """

    def __init__(
        self,
        *,
        units: PositiveInt = 256,
        cell: CellName = "lstm",
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
        loops = {
            "recurrent_dropout": recurrent_dropout, "weight_drop": weight_drop, "zoneout": zoneout,
            "kernel": kernel,
        }  # fmt: skip
        all_options = {
            "units": units, "cell": cell, "num_layers": num_layers, "bidirectional": bidirectional,
            "merge": merge, "residual": residual, "dropout": dropout, **loops,
        }  # fmt: skip
        check_arguments(RecurrentStack.__init__, **all_options)
        super().__init__(**kwargs)
        self.options = all_options
        self.merge = merge
        self.residual = residual
        self.dropout = Dropout(dropout)
        options = {"units": units, "return_sequences": True, "return_state": True, **loops}
        self.forward_layers = [Recurrent(cell=_own(cell, index), **options) for index in range(num_layers)]
        self.backward_layers = [
            Recurrent(cell=_own(cell, num_layers + index), **options, go_backwards=True)
            for index in range(num_layers if bidirectional else 0)
        ]
        self.width = 2 * units if bidirectional and merge == "concat" else units
        self.supports_masking = True

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

    def compute_output_spec(self, inputs: Any, *args: Any, **kwargs: Any) -> tuple[Any, list]:
        """What `call` will return; Keras would trace its loops to find out."""
        return sequence_and_states(self, *inputs.shape[:2])

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        initial_states: list[States] | None = None,
        training: bool = False,
    ) -> tuple[Any, list[States]]:
        if initial_states is not None and self.backward_layers:
            raise ValueError("`initial_states` are for one direction. Received: bidirectional=True")
        outputs, all_states = inputs, []
        for index in range(len(self.forward_layers)):
            below = self.dropout(outputs, training=training) if index else outputs
            initial = None if initial_states is None else tuple(initial_states[index])
            outputs, states = self._layer(index, below, mask, initial, training)
            outputs = outputs + below if index and self.residual else outputs
            all_states.append(states)
        return outputs, all_states

    def _layer(
        self, index: int, inputs: Any, mask: Any, initial: States | None, training: bool
    ) -> tuple[Any, States]:
        forward_layer = partial(self.forward_layers[index], mask=mask, training=training)
        if not self.backward_layers:
            return forward_layer(inputs, initial_state=initial)
        with loops_at_once(2):
            outputs, states = forward_layer(inputs)
            backward, backward_states = self.backward_layers[index](inputs, mask=mask, training=training)
        joined = tuple(self._join(*pair) for pair in zip(states, backward_states, strict=True))
        return self._join(outputs, backward), joined

    def _join(self, forward: Any, backward: Any) -> Any:
        return forward + backward if self.merge == "sum" else ops.concatenate([forward, backward], axis=-1)

    def compute_mask(self, inputs: Any, mask: Any = None) -> tuple[Any, list]:
        return mask, [(None,) * layer.cell.num_states for layer in self.forward_layers]

    def step(self, inputs: Any, states: list[States]) -> tuple[Any, list[States]]:
        """One step of one direction, outside of training: (batch, features) -> (batch, units), states."""
        outputs, all_states = inputs, []
        for index, (layer, before) in enumerate(zip(self.forward_layers, states, strict=True)):
            below = outputs
            outputs, after = layer.step(below, before)
            outputs = outputs + below if index and self.residual else outputs
            all_states.append(after)
        return outputs, all_states

    def zero_states(self, batch_size: Any) -> list[States]:
        """The states before the first step of one direction."""
        return [layer.cell.zero_states(batch_size) for layer in self.forward_layers]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RecurrentStack:
        return super().from_config(with_ready_parts(config, "cell"))


def sequence_and_states(encoder: Any, batch_size: int | None, num_steps: int | None) -> tuple[Any, list]:
    """What stands in for an encoder's outputs and states while a functional model is put together."""
    dtype = encoder.compute_dtype
    outputs = keras.KerasTensor((batch_size, num_steps, encoder.width), dtype)
    return outputs, states_to_come(encoder.state_sizes, batch_size, dtype)


def states_to_come(state_sizes: list[list[int]], batch_size: int | None, dtype: str) -> list[tuple]:
    """What stands in for the states of layers meanwhile, (batch, width) each."""
    return [tuple(keras.KerasTensor((batch_size, width), dtype) for width in sizes) for sizes in state_sizes]


def _own(cell: Any, index: int) -> Any:
    """A ready cell goes to the first layer; the others get one like it, with weights of their own."""
    return type(cell).from_config(cell.get_config()) if isinstance(cell, Cell) and index else cell
