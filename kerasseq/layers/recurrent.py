"""A cell run over a sequence."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops, tree

from kerasseq.layers.cells.cell import Cell, States, Weights, dropped
from kerasseq.layers.linear_recurrence import linear_recurrence
from kerasseq.layers.ready_parts import with_ready_parts
from kerasseq.layers.scan import scan, shifted, with_gradient
from kerasseq.layers.state_noise import StateNoise, blend
from kerasseq.layers.watching import disturbed, probed
from kerasseq.registry import create
from kerasseq.specs import Cell as CellName
from kerasseq.specs import PositiveInt, Rate


def recur(
    cell: Cell,
    projected: Any,
    states: States,
    mask: Any | None,
    *,
    weights: Weights | None = None,
    shares: States | None = None,
) -> tuple[States, States]:
    """Runs a cell over time, with a gradient whose loop carries only the state's gradient.

    The weights' gradients are single matrix products over the whole sequence at the end.

    Args:
        cell: The cell, built.
        projected: From `cell.project`, (time, batch, num_gates * units).
        states: Before the first step, (batch, units) each.
        mask: True (1) at real tokens, (time, batch, 1), floating point, or None. Behind a padded token
            every state is what it was before it.
        weights: In place of the cell's own `step_weights`.
        shares: How much of each new state is taken, the rest being the old one: for each state (time, batch,
            units), or None for all of it.
    Returns:
        All states, (time, batch, units) each, and the last ones.
    """
    if not cell.has_product:
        return _recur_in_parallel(cell, projected, states, mask, shares)
    inputs = {"projected": projected, "states": states, "weights": weights or cell.step_weights()}
    if mask is not None:
        inputs["mask"] = mask
    if shares is not None:
        inputs["shares"] = shares

    def replay() -> list[tuple[States, Any]]:
        _, (outputs, saved) = _run(cell, inputs)
        return [(shifted(states, outputs), saved)]

    def forward(inputs: dict) -> tuple[Any, Any]:
        last, (outputs, saved) = _run(cell, inputs)
        return (outputs, last), lambda upstream: _backward(cell, inputs, outputs, saved, upstream)

    inputs = probed(inputs, [cell], projected, replay)
    return with_gradient(forward, inputs) if cell.has_gradient else forward(inputs)[0]


def _run(cell: Cell, inputs: dict) -> tuple[States, tuple[States, Any]]:
    """The last states, and for each step its states and what its gradient needs."""

    def step(states: States, now: dict) -> tuple[States, tuple]:
        after, saved = cell.step(now["projected"], states, inputs["weights"])
        if "shares" in now:
            after = blend(after, states, now["shares"])
        if "mask" in now:
            after = _choose(now["mask"], after, states)
        if "probes" in now:
            after = disturbed(after, now["probes"][0])
        return after, (after, saved)

    return scan(step, inputs["states"], _at_each_step(inputs))


def _backward(cell: Cell, inputs: dict, outputs: States, saved: Any, upstream: tuple) -> dict:
    d_outputs, d_last = upstream
    transposed = cell.transposed_weights(inputs["weights"])
    previous = shifted(inputs["states"], outputs)

    def step(d_states: States, now: dict) -> tuple[States, tuple]:
        d_states = tree.map_structure(ops.add, d_states, now["d_outputs"])
        d_projected, d_before = step_back(
            cell, d_states, now["factors"], transposed, now.get("mask"), now.get("shares")
        )
        return d_before, (d_projected, d_states if "probes" in inputs else ())

    sequence = {"d_outputs": d_outputs, "factors": cell.factors(previous, saved)}
    sequence.update({name: inputs[name] for name in ("mask", "shares") if name in inputs})
    d_initial, (d_projected, d_states) = scan(step, d_last, sequence, reverse=True)
    gradients = {
        "projected": d_projected,
        "states": d_initial,
        "weights": cell.weight_gradients(_as_read(previous, inputs["weights"]), saved, d_projected),
    }
    if "recurrent_mask" in inputs["weights"]:
        gradients["weights"]["recurrent_mask"] = ops.zeros_like(inputs["weights"]["recurrent_mask"])
    for name in ("mask", "shares"):
        if name in inputs:
            gradients[name] = tree.map_structure(ops.zeros_like, inputs[name])
    if "probes" in inputs:
        gradients["probes"] = [d_states]
    return gradients


def step_back(
    cell: Cell,
    d_states: States,
    factors: Any,
    transposed: Weights,
    mask: Any | None,
    shares: States | None = None,
) -> tuple[Any, States]:
    """A cell's `step_gradient`; what was not taken of a new state hands the gradient on as it is."""
    if mask is None and shares is None:
        return cell.step_gradient(d_states, factors, transposed)
    d_taken = d_states if mask is None else tuple(d_state * mask for d_state in d_states)
    if shares is not None:
        d_taken = tuple(taken * share for taken, share in zip(d_taken, shares, strict=True))
    d_projected, d_before = cell.step_gradient(d_taken, factors, transposed)
    d_kept = tuple(d_state - taken for d_state, taken in zip(d_states, d_taken, strict=True))
    return d_projected, tree.map_structure(ops.add, d_before, d_kept)


def _as_read(previous: States, weights: Weights) -> States:
    """The states as the recurrent products saw them."""
    return (dropped(previous[0], weights), *previous[1:])


def _recur_in_parallel(
    cell: Cell, projected: Any, states: States, mask: Any | None, shares: States | None
) -> tuple[States, States]:
    """A cell without recurrent product is h_t = a_t * h_{t-1} + b_t, with a and b from the input alone."""
    inputs = {} if mask is None else {"mask": mask}

    def solve() -> Any:
        decay, addition = cell.coefficients(projected)
        if shares is not None:
            decay, addition = 1 - shares[0] * (1 - decay), shares[0] * addition
        if mask is not None:
            decay, addition = ops.where(mask > 0.5, decay, 1), ops.where(mask > 0.5, addition, 0)
        if "probes" in inputs:
            addition = addition + inputs["probes"][0][0]
        return linear_recurrence(decay, addition, states[0])

    def replay() -> list[tuple[States, Any]]:
        previous = shifted(states, (solve(),))
        return [(previous, cell.step(projected, previous, {})[1])]

    inputs = probed(inputs, [cell], projected, replay)
    outputs = solve()
    return (outputs,), (outputs[-1],)


def _at_each_step(inputs: dict) -> dict:
    return {name: inputs[name] for name in ("projected", "mask", "shares", "probes") if name in inputs}


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
        recurrent_dropout: Share of h' that is dropped before its products, the same at all steps.
        weight_drop: Share of the recurrent weights that is dropped, drawn once a batch.
        zoneout: Share of each state that stays as it was.
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
        recurrent_dropout: Rate = 0.0,
        weight_drop: Rate = 0.0,
        zoneout: Rate = 0.0,
        **kwargs: Any,
    ):
        super().__init__(**kwargs)
        self.units = units
        self.cell_name = cell
        self.cell = create("cell", cell, units=units, dtype=self.dtype_policy)
        self.rates = {"recurrent_dropout": recurrent_dropout, "weight_drop": weight_drop, "zoneout": zoneout}
        self.noise = StateNoise(cell=self.cell, **self.rates)
        self.seed_generator = self.noise.seed_generator  # Keras finds the state of what is the layer's own
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
        training: bool = False,
    ) -> Any:
        inputs = ops.transpose(inputs, (1, 0, 2))  # (time, batch, features)
        if mask is not None:
            mask = ops.cast(ops.transpose(mask), self.compute_dtype)[..., None]  # (time, batch, 1)
        if self.go_backwards:
            inputs, mask = ops.flip(inputs, 0), None if mask is None else ops.flip(mask, 0)
        num_steps, batch_size = ops.shape(inputs)[:2]
        sequences, last = recur(
            self.cell,
            self.cell.project(inputs),
            tuple(initial_state or self.cell.zero_states(batch_size)),
            mask,
            weights=self.noise.weights(batch_size, training),
            shares=self.noise.shares(num_steps, batch_size, training),
        )
        output = last[0]
        if self.return_sequences:
            output = ops.flip(sequences[0], 0) if self.go_backwards else sequences[0]
            output = ops.transpose(output, (1, 0, 2))
        return (output, last) if self.return_state else output

    def step(self, inputs: Any, states: States) -> tuple[Any, States]:
        """One step outside of training: (batch, features), states -> output, states."""
        after, _ = self.cell.step(self.cell.project(inputs), tuple(states), self.cell.step_weights())
        after = self.noise.expected(after, tuple(states))
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
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Recurrent:
        return super().from_config(with_ready_parts(config, "cell"))
