"""A plain loop over a cell's steps."""

from __future__ import annotations

from typing import Any

from kerasseq.layers.cells.cell import Cell, States
from kerasseq.layers.kernels.steps import loop_inputs, run_steps


def generic(
    cell: Cell, projected: Any, states: States, mask: Any | None, **options: Any
) -> tuple[States, States]:
    """Runs a cell over time; the backend finds the gradient.

    Args:
        cell: The cell, built; any that defines `step`.
        projected: As in `loop_inputs`, and so are the rest.
    Returns:
        All states, (time, batch, units) each, and the last ones.
    """
    last, (outputs, _) = run_steps(cell, loop_inputs(cell, projected, states, mask, **options))
    return outputs, last
