"""Reads hypotheses back out of what each step wrote, once, when the search is over."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.decode.pick_slots import pick_slots


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
