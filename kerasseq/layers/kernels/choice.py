"""Which kernel a layer runs on, and why."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from keras import ops

from kerasseq.layers.cells.cell import Cell, States
from kerasseq.layers.kernels.cudnn import cudnn, has_gpu, is_aligned, obstacle
from kerasseq.layers.kernels.fused import fused
from kerasseq.layers.kernels.generic import generic
from kerasseq.layers.kernels.rows import rows_of
from kerasseq.layers.watching import is_watched

Kernel = Literal["auto", "fused", "cudnn", "generic"]


class Choice(NamedTuple):
    """A kernel and the reason for it."""

    kernel: str
    reason: str


def choose(kernel: Kernel, cell: Cell, *, is_noisy: bool = False) -> Choice:
    """The kernel of one layer on this machine.

    Args:
        kernel: What is asked for.
        cell: The layer's cell.
        is_noisy: Whether recurrent dropout, weight drop or zoneout are on, which cuDNN does not have.
    Raises:
        ValueError: If cuDNN is asked for where it cannot run.
    """
    against = "cuDNN has no dropout inside the loop" if is_noisy else obstacle(cell)
    if against is None and not has_gpu():
        against = "there is no GPU that cuDNN runs on"
    if kernel == "cudnn" and against is not None:
        raise ValueError(f"`kernel` 'cudnn' cannot run this layer: {against}. Received: kernel='cudnn'")
    if kernel != "auto":
        return Choice(kernel, "asked for")
    if against is None:
        return Choice("cudnn", "a GPU, and a cell that cuDNN has")
    if not cell.has_product:
        return Choice("fused", "no recurrent product: all steps in parallel")
    if not cell.has_gradient:
        return Choice("generic", "no gradient written by hand")
    return Choice("fused", f"faster than the plain loop at every size measured; {against}")


def run(
    kernel: str,
    cell: Cell,
    inputs: Any,
    states: States,
    mask: Any | None,
    *,
    table: Any | None = None,
    **options: Any,
) -> tuple[Any, States]:
    """Runs a cell over time.

    Args:
        kernel: One that `choose` gave.
        cell: The cell, built.
        inputs: (time, batch, features); with a table (time, batch), which of its rows.
        states: Before the first step, (batch, units) each.
        mask: True (1) at real tokens, (time, batch, 1), floating point, or None.
        table: (rows, features). Its product is made once for each row, not for each step, which pays where
            it has fewer rows than the batch has steps.
        options: `weights` and `shares` of `loop_inputs`.
    Returns:
        The outputs, (time, batch, units), and the last states.
    """

    def by_loop() -> tuple[Any, States]:
        projected = cell.project(inputs) if table is None else rows_of(cell.project(table), inputs)
        over_steps = generic if kernel == "generic" else fused
        sequences, last = over_steps(cell, projected, states, mask, **options)
        return sequences[0], last

    def by_cudnn() -> tuple[Any, States]:
        return cudnn(cell, inputs if table is None else ops.take(table, inputs, axis=0), states, mask)

    if kernel != "cudnn" or is_watched():
        return by_loop()
    return by_cudnn() if mask is None else ops.cond(is_aligned(mask), by_cudnn, by_loop)
