"""Looking into loops over time: what ran in them, and where their states' gradients come out.

A gradient written by hand hides what happens inside its loop. While a `Watch` is open, every loop hands it a
`Loop`, and takes one more input: a zero for each state at each step, which is added to it. The gradient with
respect to that zero is the gradient with respect to the state.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from keras import ops

from kerasseq.layers.cells.cell import Cell, States

Probes = list[States]


@dataclass(frozen=True)
class Loop:
    """One loop over time, as it ran.

    Args:
        cells: What ran in it, from the lowest layer to the highest.
        replay: Runs it again; gives for each cell its states before each step, (time, batch, units) each, and
            what its `step` saved, (time, batch, ...).
        zeros: For each cell a zero for each of its states at each step, (time, batch, units) each.
        mask: True (1) at real tokens, (time, batch, 1), or None.
    """

    cells: list[Cell]
    replay: Callable[[], list[tuple[States, Any]]]
    zeros: Probes
    mask: Any | None = None


class Watch:
    """While it is open, collects the loops that run.

    Args:
        probes: What to hand to each loop in turn; its `zeros` unless given.
    """

    def __init__(self, probes: list[Probes] | None = None):
        self.loops: list[Loop] = []
        self._probes = probes

    def __enter__(self) -> Watch:
        self._token = _open.set(self)
        return self

    def __exit__(self, *error: object) -> None:
        _open.reset(self._token)

    def add(self, loop: Loop) -> Probes:
        self.loops.append(loop)
        return loop.zeros if self._probes is None else self._probes[len(self.loops) - 1]


_open: ContextVar[Watch | None] = ContextVar("open_watch", default=None)


def is_watched() -> bool:
    """Whether somebody looks into the loops that run now."""
    return _open.get() is not None


def disturbed(states: States, probes: States) -> States:
    """States with a loop's probes of the same step: as they were, but open to automatic differentiation."""
    return tuple(ops.add(state, probe) for state, probe in zip(states, probes, strict=True))


def probed(
    inputs: dict[str, Any],
    cells: list[Cell],
    projected: Any,
    replay: Callable[[], list[tuple[States, Any]]],
) -> dict[str, Any]:
    """A loop's inputs, with `probes` among them where somebody watches.

    Args:
        inputs: Of the loop; its `mask` is the loop's.
        cells: What runs in it.
        projected: Any of its sequences, (time, batch, ...).
        replay: As in `Loop`.
    """
    watch = _open.get()
    if watch is None:
        return inputs
    num_steps, batch_size = ops.shape(projected)[:2]
    zeros = [
        tuple(ops.zeros((num_steps, batch_size, size), cell.compute_dtype) for size in cell.state_size)
        for cell in cells
    ]
    return {**inputs, "probes": watch.add(Loop(cells, replay, zeros, inputs.get("mask")))}
