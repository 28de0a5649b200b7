"""Which kernel a layer runs on, and why."""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple

import keras
from keras import ops

from kerasseq.layers.cells.cell import Cell, States
from kerasseq.layers.kernels.cudnn import cudnn, has_gpu, is_aligned, obstacle
from kerasseq.layers.kernels.fused import fused
from kerasseq.layers.kernels.generic import generic
from kerasseq.layers.kernels.halves import in_halves
from kerasseq.layers.watching import is_watched

Kernel = Literal["auto", "fused", "cudnn", "generic"]

# Measured by `benchmarks/recurrent.py kernels`: below, a second loop costs more than a second core gives.
FEWEST_ROWS_TO_HALVE = 8


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
    training: bool = False,
    **options: Any,
) -> tuple[States, States]:
    """Runs a cell over time.

    Args:
        kernel: One that `choose` gave.
        cell: The cell, built.
        inputs: (time, batch, features).
        states: Before the first step, (batch, units) each.
        mask: True (1) at real tokens, (time, batch, 1), floating point, or None.
        training: Whether a gradient will follow.
        options: `weights` and `shares` of `loop_inputs`.
    Returns:
        All states, (time, batch, units) each, of which cuDNN gives the first alone, and the last ones.
    """

    def loop(inputs: Any, states: States, mask: Any | None, **options: Any) -> tuple[States, States]:
        over_steps = generic if kernel == "generic" else fused
        return over_steps(cell, cell.project(inputs), states, mask, **options)

    def by_cudnn() -> tuple[Any, States]:
        outputs, last = cudnn(cell, inputs, states, mask)
        return outputs[0], last

    def by_loop() -> tuple[Any, States]:
        outputs, last = loop(inputs, states, mask)
        return outputs[0], last

    if kernel == "cudnn" and not is_watched():
        output, last = by_cudnn() if mask is None else ops.cond(is_aligned(mask), by_cudnn, by_loop)
        return (output,), tuple(last)
    if training and kernel != "generic" and _halves_pay(inputs.shape[1]) and not is_watched():
        return in_halves(loop, inputs, states, mask, **options)
    return loop(inputs, states, mask, **options)


def _halves_pay(batch_size: int | None) -> bool:
    """Whether two loops over half of the rows each beat one: they fill two cores, which one loop cannot."""
    if keras.backend.backend() != "tensorflow" or has_gpu() or (os.cpu_count() or 1) < 2:
        return False
    return batch_size is None or batch_size >= FEWEST_ROWS_TO_HALVE
