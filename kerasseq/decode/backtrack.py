"""Reads hypotheses back out of what each step wrote, once, when the search is over."""

from __future__ import annotations

from typing import Any

from keras import ops


def backtrack(parents: Any, *, last_steps: Any, last_slots: Any, num_steps: Any) -> Any:
    """The slots that hypotheses stood in.

    Args:
        parents: Slot that each slot was extended from, (time, batch, beam), int32.
        last_steps: Step of each hypothesis' last token, (batch, n_best), int32.
        last_slots: Slot of each hypothesis at that step, (batch, n_best), int32.
        num_steps: The number of steps that were made, at most time.
    Returns:
        (time, batch, n_best), int32; after a hypothesis' last step its last slot, after `num_steps` 0.
    """
    shape = ops.shape(parents)

    def is_unread(step: Any, slots: Any, history: Any) -> Any:
        return step >= 0

    def read(step: Any, slots: Any, history: Any) -> tuple[Any, Any, Any]:
        history = write_step(history, step, slots)
        came_from = pick_slots(ops.take(parents, step, axis=0), slots)
        return step - 1, ops.where(step <= last_steps, came_from, slots), history

    history = ops.zeros((shape[0], *ops.shape(last_slots)), dtype="int32")
    return ops.while_loop(is_unread, read, (num_steps - 1, last_slots, history))[2]


def write_step(history: Any, step: Any, value: Any) -> Any:
    """Puts one step's value into its history, (time, *shape of the value)."""
    return ops.scatter_update(history, ops.reshape(step, (1, 1)), value[None])


def pick_slots(values: Any, slots: Any) -> Any:
    """Picks by slot: (..., beam, *rest) and (..., n_best) give (..., n_best, *rest), as one flat gather.

    Args:
        values: The axes before `beam` are those of `slots`.
        slots: (..., n_best), int32, each less than `beam`.
    """
    leading = len(slots.shape) - 1
    beam = ops.shape(values)[leading]
    num_rows = 1
    for size in ops.shape(slots)[:-1]:
        num_rows *= size
    first = ops.arange(num_rows, dtype="int32") * beam
    flat_slots = ops.reshape(slots, (num_rows, -1)) + first[:, None]
    flat_values = ops.reshape(values, (num_rows * beam, *ops.shape(values)[leading + 1 :]))
    picked = ops.take(flat_values, ops.reshape(flat_slots, (-1,)), axis=0)
    return ops.reshape(picked, (*ops.shape(slots), *ops.shape(values)[leading + 1 :]))
