"""A model's state under a search: any tree of tensors whose first axis is rows."""

from __future__ import annotations

from typing import Any

from keras import ops, tree

SHARED = ("memory", "beams")


def split_memory(state: Any) -> tuple[Any, Any]:
    """Parts a state into what changes from step to step and what all hypotheses of an example share.

    Returns:
        The state without `memory`, and the memory; None where the state has none.
    """
    if not isinstance(state, dict) or "memory" not in state:
        return state, None
    return {key: value for key, value in state.items() if key not in SHARED}, state["memory"]


def join_memory(state: Any, memory: Any, beams: Any = None) -> Any:
    """Undoes `split_memory`; `beams` is where the rows of a beam search stand."""
    if memory is None:
        return state
    return {**state, "memory": memory, **({} if beams is None else {"beams": beams})}


def take_rows(state: Any, rows: Any) -> Any:
    """Gathers rows of every tensor of a state: `rows` (new_rows,), int32."""
    return tree.map_structure(lambda leaf: ops.take(leaf, rows, axis=0), state)


def attention_of(state: Any) -> Any | None:
    """The last step's attention weights, (rows, source_time), or None where the model has none."""
    return state.get("attention_weights") if isinstance(state, dict) else None
