"""The gradient that reaches the states of every recurrent layer, step by step: dL/dh_t.

Backpropagation through time, with J_t = dh_t / dh_{t-1} the Jacobian of one step:

    dL/dh_{t-1} = J_t^T dL/dh_t + what reaches h_{t-1} by other ways

Other ways are the layers above, attention, and a loss at that step. Without them the gradient is a product of
Jacobians, which vanishes or explodes geometrically with the distance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops, tree

from kerasseq.layers.cells.cell import Cell, States
from kerasseq.layers.kernels.fused import step_back
from kerasseq.layers.scan import gradients, scan
from kerasseq.layers.watching import Watch


@dataclass(frozen=True)
class StateGradients:
    """What one layer's states were given, one pass over one sequence.

    Args:
        cell: The layer's cell.
        all_ways: dL/dh_t for each of its states, by every way through the model, (time, batch, units) each.
        own_way: The gradient at each row's last step, carried back by the cell's own recurrence alone; empty
            where the cell's gradient is not written by hand.
        last: The step of that last gradient, (batch,); -1 where none reaches the row.
        is_real: Which steps are tokens, (time, batch).
    """

    cell: Cell
    all_ways: tuple[np.ndarray, ...]
    own_way: tuple[np.ndarray, ...]
    last: np.ndarray
    is_real: np.ndarray


def state_gradients(loss: Callable[[], Any]) -> list[StateGradients]:
    """Differentiates a loss with respect to every state of every recurrent layer that it calls.

    Args:
        loss: Calls a model eagerly and returns a number; twice called, it does the same twice.
    Returns:
        An entry for each cell that ran, in the order in which they ran. Steps are in the order of reading: a
        layer that goes backwards has its last token first.
    """
    with Watch() as watch:
        loss()
    if not watch.loops:
        return []

    def with_probes(probes: list) -> Any:
        with Watch(probes):
            return loss()

    found = gradients(with_probes, [loop.zeros for loop in watch.loops])
    results = []
    for loop, of_cells in zip(watch.loops, found, strict=True):
        for cell, (previous, saved), all_ways in zip(loop.cells, loop.replay(), of_cells, strict=True):
            last, is_real = _last_steps(all_ways, loop.mask)
            own_way = ()
            if cell.has_gradient:
                own_way = own_way_back(cell, previous, saved, all_ways, last=last, mask=loop.mask)
            as_arrays = [tree.map_structure(_as_array, way) for way in (all_ways, own_way)]
            results.append(StateGradients(cell, *as_arrays, last=last, is_real=is_real))
    return results


def own_way_back(
    cell: Cell, previous: States, saved: Any, d_states: States, *, last: np.ndarray, mask: Any | None = None
) -> States:
    """Carries each row's gradient at its last step back through the cell alone: a product of Jacobians.

    Args:
        cell: The cell, built.
        previous: Its states before each step, (time, batch, units) each.
        saved: What its `step` saved, (time, batch, ...).
        d_states: Gradients of its states; only those at the last steps are read.
        last: The last step of each row, (batch,).
        mask: True (1) at real tokens, (time, batch, 1), or None.
    Returns:
        The gradients of its states, (time, batch, units) each, zero behind the last step.
    """
    is_last = np.arange(d_states[0].shape[0])[:, None] == last
    begun = tuple(d_state * ops.cast(is_last[..., None], d_state.dtype) for d_state in d_states)
    transposed = cell.transposed_weights(cell.step_weights())
    sequence = {"begun": begun, "factors": cell.factors(previous, saved)}
    if mask is not None:
        sequence["mask"] = mask

    def step(carried: States, now: dict) -> tuple[States, States]:
        carried = tree.map_structure(ops.add, carried, now["begun"])
        _, before = step_back(cell, carried, now["factors"], transposed, now.get("mask"))
        return before, carried

    nothing = tree.map_structure(lambda tensor: ops.zeros_like(tensor[0]), begun)
    return scan(step, nothing, sequence, reverse=True)[1]


def _last_steps(d_states: States, mask: Any | None) -> tuple[np.ndarray, np.ndarray]:
    """Each row's last real step that a gradient reaches, and which steps are real."""
    is_reached = np.any([np.any(_as_array(d_state), axis=-1) for d_state in d_states], axis=0)
    is_real = np.ones_like(is_reached) if mask is None else _as_array(mask)[..., 0] > 0.5
    counts = is_reached & is_real
    last = len(counts) - 1 - np.argmax(counts[::-1], axis=0)
    return np.where(counts.any(axis=0), last, -1), is_real


def _as_array(tensor: Any) -> np.ndarray:
    """In double precision: the square of a small gradient is none in single precision."""
    return ops.convert_to_numpy(tensor).astype("float64")
