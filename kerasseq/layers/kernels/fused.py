"""Our own kernel: as little as possible in the loop over time, forwards and back."""

from __future__ import annotations

from typing import Any

from keras import ops, tree

from kerasseq.layers.cells.cell import Cell, States, Weights, dropped
from kerasseq.layers.kernels.generic import generic
from kerasseq.layers.kernels.steps import loop_inputs, run_steps
from kerasseq.layers.linear_recurrence import linear_recurrence
from kerasseq.layers.scan import scan, shifted, with_gradient
from kerasseq.layers.watching import probed


def fused(
    cell: Cell, projected: Any, states: States, mask: Any | None, **options: Any
) -> tuple[States, States]:
    """Runs a cell over time, with a gradient whose loop carries only the state's gradient.

    The weights' gradients are single matrix products over the whole sequence at the end. A cell without
    recurrent product runs in parallel over time. One that has no gradient written by hand runs as in
    `generic`.

    Args:
        cell: The cell, built.
        projected: As in `loop_inputs`, and so are the rest.
    Returns:
        All states, (time, batch, units) each, and the last ones.
    """
    if not cell.has_product:
        return _in_parallel(cell, projected, states, mask, options.get("shares"))
    if not cell.has_gradient:
        return generic(cell, projected, states, mask, **options)

    def forward(inputs: dict) -> tuple[Any, Any]:
        last, (outputs, saved) = run_steps(cell, inputs)
        return (outputs, last), lambda upstream: _backward(cell, inputs, outputs, saved, upstream)

    return with_gradient(forward, loop_inputs(cell, projected, states, mask, **options))


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


def _in_parallel(
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
