"""A cell run over a sequence."""

from __future__ import annotations

import functools
from typing import Any

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell, States, Weights
from kerasseq.layers.kernels.by_gate import project_by_gate
from kerasseq.layers.kernels.choice import Choice, Kernel, choose, run
from kerasseq.layers.kernels.halves import in_halves
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.state_noise import StateNoise
from kerasseq.registry import create
from kerasseq.specs import Cell as CellName
from kerasseq.specs import PositiveInt, Rate, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class Recurrent(keras.layers.Layer):
    """One recurrent layer of any cell.

    Args:
        cell: A name from `layers/cells/`, a mapping with `type`, or a cell.
        units: Width of the states, positive.
        go_backwards: Read from the last token to the first; outputs stay in the order of the input.
        return_sequences: Return the output of every step instead of the last.
        return_state: Return the last states as well.
        recurrent_dropout: Share of h' that is dropped before its products, the same at all steps.
        weight_drop: Share of the recurrent weights that is dropped, drawn once a batch.
        zoneout: Share of each state that stays as it was.
        kernel: What the loop runs on: `fused` is written for speed on a CPU, `cudnn` is NVIDIA's, `generic`
            a plain loop, `auto` the fastest that can run here. All give the same numbers from the same
            weights.
    Call arguments:
        inputs: (batch, time, features).
        mask: True at real tokens, (batch, time).
        initial_state: (batch, units) each, zeros unless given.
        table: (rows, features). With it, `inputs` (batch, time) says which of its rows stand in their place:
            the outputs are the same, and quicker to have where rows are few.
    Returns:
        (batch, time, units), or (batch, units) without `return_sequences`; with `return_state`, this and
        a tuple of states.
    Raises:
        ValueError: If `kernel` is `cudnn` where cuDNN cannot run.
    """

    def __init__(
        self,
        *,
        units: PositiveInt,
        cell: CellName = "lstm",
        go_backwards: bool = False,
        return_sequences: bool = False,
        return_state: bool = False,
        recurrent_dropout: Rate = 0.0,
        weight_drop: Rate = 0.0,
        zoneout: Rate = 0.0,
        kernel: Kernel = "auto",
        **kwargs: Any,
    ):
        check_arguments(Recurrent.__init__, kernel=kernel)
        super().__init__(**kwargs)
        self.units = units
        self.cell_name = cell
        self.cell = create("cell", cell, units=units, dtype=self.dtype_policy)
        self.rates = {"recurrent_dropout": recurrent_dropout, "weight_drop": weight_drop, "zoneout": zoneout}
        self.noise = StateNoise(cell=self.cell, **self.rates)
        self.seed_generator = self.noise.seed_generator  # Keras finds the state of what is the layer's own
        self.kernel = kernel
        self.go_backwards = go_backwards
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        self.cell.build(input_shape)

    def call(
        self,
        inputs: Any,
        mask: Any = None,
        initial_state: States | None = None,
        table: Any = None,
        training: bool = False,
    ) -> Any:
        states = tuple(initial_state or self.cell.zero_states(ops.shape(inputs)[0]))
        run_rows = functools.partial(self._run_rows, table=table, training=training)
        is_halved = training and not self.is_whole
        output, last = in_halves(run_rows, inputs, states, mask, units=self.units, training=is_halved)
        return (output, last) if self.return_state else output

    @property
    def is_whole(self) -> bool:
        """Whether the rows of a batch share a random draw."""
        return bool(self.rates["weight_drop"])

    def _run_rows(
        self, inputs: Any, states: States, mask: Any, *, table: Any, training: bool
    ) -> tuple[Any, States]:
        inputs = ops.swapaxes(inputs, 0, 1)  # (time, batch, ...)
        if mask is not None:
            mask = ops.cast(ops.transpose(mask), self.compute_dtype)[..., None]  # (time, batch, 1)
        if self.go_backwards:
            inputs, mask = ops.flip(inputs, 0), None if mask is None else ops.flip(mask, 0)
        num_steps, batch_size = ops.shape(inputs)[:2]
        outputs, last = run(
            self.kernel_choice().kernel,
            self.cell,
            inputs,
            states,
            mask,
            table=table,
            weights=self.noise.weights(batch_size, training),
            shares=self.noise.shares(num_steps, batch_size, training),
        )
        if not self.return_sequences:
            return last[0], last
        outputs = ops.flip(outputs, 0) if self.go_backwards else outputs
        return ops.transpose(outputs, (1, 0, 2)), last

    def kernel_choice(self) -> Choice:
        """The kernel that this layer runs on here, and why."""
        return choose(self.kernel, self.cell, is_noisy=any(self.rates.values()))

    def project(self, inputs: Any, by_gate: Weights | None = None) -> Any:
        """What `step_from` takes: (..., features) -> (..., gates * units).

        With weights from `weights_by_gate` a tuple of (..., units), one for each gate.
        """
        return self.cell.project(inputs) if by_gate is None else project_by_gate(inputs, by_gate)

    def step(self, inputs: Any, states: States) -> tuple[Any, States]:
        """One step outside of training: (batch, features), states -> output, states."""
        return self.step_from(self.project(inputs), states)

    def step_from(self, projected: Any, states: States, by_gate: Weights | None = None) -> tuple[Any, States]:
        """One step outside of training, from what `project` made of the inputs with the same `by_gate`."""
        before = tuple(states)
        if by_gate is None:
            after, _ = self.cell.step(projected, before, self.cell.step_weights())
        else:
            after = self.cell.step_by_gate(projected, before, by_gate)
        after = self.noise.expected(after, before)
        return after[0], after

    def compute_mask(self, inputs: Any, mask: Any = None) -> Any:
        output_mask = mask if self.return_sequences else None
        return (output_mask, (None,) * self.cell.num_states) if self.return_state else output_mask

    def get_config(self) -> dict[str, Any]:
        cell = self.cell_name
        return {
            **super().get_config(),
            "units": self.units,
            "cell": keras.saving.serialize_keras_object(cell) if isinstance(cell, Cell) else cell,
            "go_backwards": self.go_backwards,
            "return_sequences": self.return_sequences,
            "return_state": self.return_state,
            **self.rates,
            "kernel": self.kernel,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Recurrent:
        return super().from_config(with_ready_parts(config, "cell"))
