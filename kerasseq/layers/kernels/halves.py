"""The two halves of a batch, side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
from keras import ops, tree

from kerasseq.layers.kernels.cudnn import has_gpu
from kerasseq.layers.scan import split_rows
from kerasseq.layers.watching import is_watched
from kerasseq.threads import num_cores

# Measured by `benchmarks/recurrent.py`: halves of 64 rows pay at 128 and 512 units, those of 20 rows at 200
# but not at 650, where a product mostly waits for its weights, which each half reads on its own. With few
# units a step is little more than the start of its operations, and halves start twice as many.
FEWEST_UNITS = 64
FEWEST_ROWS = 8
UNITS_A_ROW = 16

_are_enough: ContextVar[bool] = ContextVar("are_enough", default=False)


def in_halves(function: Callable[..., Any], *inputs: Any, units: int, training: bool) -> Any:
    """`function(*inputs)`, in training on a CPU called once for each half of the batch.

    A step of a loop waits for the step before it, but no row waits for another: TensorFlow runs the two
    halves' loops at the same time, a core each. What is called inside a half is not halved again.

    Args:
        function: Pure, and each row's result is its own.
        inputs: Structures of tensors, (batch, ...) each, the first one not empty. None stays None.
        units: Width of what is in the loop.
        training: Whether a gradient will follow.
    Returns:
        What `function` returns, a structure of tensors (batch, ...).
    """
    first = tree.flatten(inputs)[0]
    if not training or not _pays(first.shape[0], units):
        return function(*inputs)
    num_rows = ops.shape(first)[0]
    num_early = num_rows - num_rows // 2  # of a single row all: the late half is empty
    parts = [
        (None, None) if tensor is None else split_rows(tensor, num_early) for tensor in tree.flatten(inputs)
    ]
    with loops_at_once(num_cores()):
        early, late = (function(*tree.pack_sequence_as(inputs, half)) for half in zip(*parts, strict=True))
    return tree.map_structure(lambda one, other: ops.concatenate([one, other]), early, late)


@contextmanager
def loops_at_once(number: int) -> Iterator[None]:
    """Loops that do not wait for each other: where they are enough for all cores, none of them is halved."""
    token = _are_enough.set(_are_enough.get() or number >= num_cores())
    try:
        yield
    finally:
        _are_enough.reset(token)


def _pays(num_rows: int | None, units: int) -> bool:
    if keras.backend.backend() != "tensorflow" or _are_enough.get() or is_watched():
        return False
    has_rows = num_rows is None or num_rows >= max(FEWEST_ROWS, units / UNITS_A_ROW)
    return units >= FEWEST_UNITS and has_rows and num_cores() > 1 and not has_gpu()
