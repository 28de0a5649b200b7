"""What the kernels share: a cell's loop over time, and what goes into it."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.layers.cells.cell import Cell, States, Weights
from kerasseq.layers.scan import scan, shifted
from kerasseq.layers.state_noise import blend
from kerasseq.layers.watching import disturbed, probed


def loop_inputs(
    cell: Cell,
    projected: Any,
    states: States,
    mask: Any | None,
    *,
    weights: Weights | None = None,
    shares: States | None = None,
) -> dict[str, Any]:
    """Everything that `run_steps` reads by name; what is not there has no entry.

    Args:
        cell: The cell, built.
        projected: From `cell.project`, (time, batch, num_gates * units).
        states: Before the first step, (batch, units) each.
        mask: True (1) at real tokens, (time, batch, 1), floating point, or None. Behind a padded token
            every state is what it was before it.
        weights: In place of the cell's own `step_weights`.
        shares: How much of each new state is taken, the rest being the old one: for each state (time, batch,
            units), or None for all of it.
    """
    inputs = {"projected": projected, "states": states, "weights": weights or cell.step_weights()}
    if mask is not None:
        inputs["mask"] = mask
    if shares is not None:
        inputs["shares"] = shares

    def replay() -> list[tuple[States, Any]]:
        _, (outputs, saved) = run_steps(cell, inputs)
        return [(shifted(states, outputs), saved)]

    return probed(inputs, [cell], projected, replay)


def run_steps(cell: Cell, inputs: dict) -> tuple[States, tuple[States, Any]]:
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

    at_each_step = {
        name: inputs[name] for name in ("projected", "mask", "shares", "probes") if name in inputs
    }
    return scan(step, inputs["states"], at_each_step)


def _choose(mask: Any, after: States, before: States) -> States:
    is_real = mask > 0.5
    return tuple(ops.where(is_real, new, old) for new, old in zip(after, before, strict=True))
