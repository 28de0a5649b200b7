"""A cell run over a sequence."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops, tree

from kerasseq.layers.cells.cell import Cell, States, Weights
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.scan import scan, shifted, with_gradient
from kerasseq.layers.watching import probed
from kerasseq.registry import create
from kerasseq.specs import Cell as CellName
from kerasseq.specs import PositiveInt


def recur(cell: Cell, projected: Any, states: States, mask: Any | None) -> tuple[States, States]:
    """Runs a cell over time, with a gradient whose loop carries only the state's gradient.

    The weights' gradients are single matrix products over the whole sequence at the end.

    Args:
        cell: The cell, built.
        projected: From `cell.project`, (time, batch, num_gates * units).
        states: Before the first step, (batch, units) each.
        mask: True (1) at real tokens, (time, batch, 1), floating point, or None. Behind a padded token
            every state is what it was before it.
    Returns:
        All states, (time, batch, units) each, and the last ones.
    """

    inputs = {"projected": projected, "states": states, "weights": cell.step_weights()}
    if mask is not None:
        inputs["mask"] = mask

    def replay() -> list[tuple[States, Any]]:
        _, (outputs, saved) = _run(cell, inputs)
        return [(shifted(states, outputs), saved)]

    def forward(inputs: dict) -> tuple[Any, Any]:
        last, (outputs, saved) = _run(cell, inputs)
        return (outputs, last), lambda upstream: _backward(cell, inputs, outputs, saved, upstream)

    if not cell.has_gradient:
        return forward(inputs)[0]
    return with_gradient(forward, probed(inputs, [cell], projected, replay))


def _run(cell: Cell, inputs: dict) -> tuple[States, tuple[States, Any]]:
    """The last states, and for each step its states and what its gradient needs."""

    def step(states: States, now: dict) -> tuple[States, tuple]:
        after, saved = cell.step(now["projected"], states, inputs["weights"])
        if "mask" in now:
            after = _choose(now["mask"], after, states)
        return after, (after, saved)

    return scan(step, inputs["states"], _at_each_step(inputs))


def _backward(cell: Cell, inputs: dict, outputs: States, saved: Any, upstream: tuple) -> dict:
    d_outputs, d_last = upstream
    transposed = cell.transposed_weights(inputs["weights"])
    previous = shifted(inputs["states"], outputs)

    def step(d_states: States, now: dict) -> tuple[States, tuple]:
        d_states = tree.map_structure(ops.add, d_states, now["d_outputs"])
        d_projected, d_before = step_back(cell, d_states, now["factors"], transposed, now.get("mask"))
        return d_before, (d_projected, d_states if "probes" in inputs else ())

    sequence = {"d_outputs": d_outputs, "factors": cell.factors(previous, saved)}
    if "mask" in inputs:
        sequence["mask"] = inputs["mask"]
    d_initial, (d_projected, d_states) = scan(step, d_last, sequence, reverse=True)
    gradients = {
        "projected": d_projected,
        "states": d_initial,
        "weights": cell.weight_gradients(previous, saved, d_projected),
    }
    if "mask" in inputs:
        gradients["mask"] = ops.zeros_like(inputs["mask"])
    if "probes" in inputs:
        gradients["probes"] = [d_states]
    return gradients


def step_back(
    cell: Cell, d_states: States, factors: Any, transposed: Weights, mask: Any | None
) -> tuple[Any, States]:
    """A cell's `step_gradient`; a padded token hands the states' gradient on as it is."""
    if mask is None:
        return cell.step_gradient(d_states, factors, transposed)
    d_taken = tuple(d_state * mask for d_state in d_states)
    d_projected, d_before = cell.step_gradient(d_taken, factors, transposed)
    d_kept = tuple(d_state - taken for d_state, taken in zip(d_states, d_taken, strict=True))
    return d_projected, tree.map_structure(ops.add, d_before, d_kept)


def _at_each_step(inputs: dict) -> dict:
    return {name: inputs[name] for name in ("projected", "mask") if name in inputs}


def _choose(mask: Any, after: States, before: States) -> States:
    is_real = mask > 0.5
    return tuple(ops.where(is_real, new, old) for new, old in zip(after, before, strict=True))


@keras.saving.register_keras_serializable("kerasseq")
class Recurrent(keras.layers.Layer):
    """One recurrent layer of any cell.

    Args:
        cell: A name from `layers/cells/`, a mapping with `type`, or a cell.
        units: Width of the states, positive.
        go_backwards: Read from the last token to the first; outputs stay in the order of the input.
        return_sequences: Return the output of every step instead of the last.
        return_state: Return the last states as well.
    Call arguments:
        inputs: (batch, time, features).
        mask: True at real tokens, (batch, time).
        initial_state: (batch, units) each, zeros unless given.
    Returns:
        (batch, time, units), or (batch, units) without `return_sequences`; with `return_state`, this and
        a tuple of states.
    """

    def __init__(
        self,
        *,
        units: PositiveInt,
        cell: CellName = "lstm",
        go_backwards: bool = False,
        return_sequences: bool = False,
        return_state: bool = False,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.cell_name = cell
        self.cell = create("cell", cell, units=units, dtype=self.dtype_policy)
        self.go_backwards = go_backwards
        self.return_sequences = return_sequences
        self.return_state = return_state
        self.supports_masking = True

    def build(self, input_shape: tuple) -> None:
        self.cell.build(input_shape)

    def call(self, inputs: Any, mask: Any = None, initial_state: States | None = None) -> Any:
        inputs = ops.transpose(inputs, (1, 0, 2))  # (time, batch, features)
        if mask is not None:
            mask = ops.cast(ops.transpose(mask), self.compute_dtype)[..., None]  # (time, batch, 1)
        if self.go_backwards:
            inputs, mask = ops.flip(inputs, 0), None if mask is None else ops.flip(mask, 0)
        states = initial_state or self.cell.zero_states(ops.shape(inputs)[1])
        sequences, last = recur(self.cell, self.cell.project(inputs), tuple(states), mask)
        output = last[0]
        if self.return_sequences:
            output = ops.flip(sequences[0], 0) if self.go_backwards else sequences[0]
            output = ops.transpose(output, (1, 0, 2))
        return (output, last) if self.return_state else output

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
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Recurrent:
        return super().from_config(with_ready_parts(config, "cell"))
