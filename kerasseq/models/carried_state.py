"""Truncated backpropagation through time, for `fit`."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import keras
from keras import ops, tree


class CarriedState(keras.Model):
    """Trains a model on contiguous streams: a row goes on with the states that its last window left.

    Nothing flows back into the window before. The states start from zero wherever `reset` says so, which is
    at the start of every epoch too. What is saved of it is `model`; the states are worth nothing later.

    Args:
        model: What is trained; it has all the weights.
        advance: `(inputs, states, training) -> (outputs, states)`, by the model's layers.
        zero_states: The states before the first window, a structure of (batch_size, ...).
    Call arguments:
        inputs: Of the model, and with them `reset`, (batch_size,): True where a row begins anew.
    Returns:
        The outputs of `advance`.
    Raises:
        ValueError: If a batch does not have a row for each state.
    """

    def __init__(self, model: keras.Model, *, advance: Callable, zero_states: Any):
        super().__init__(name=f"carried_{model.name}")
        self.model = model
        self.advance = advance
        self.states = [
            keras.Variable(ops.zeros_like(zeros), trainable=False, autocast=False, name=f"state_{index}")
            for index, zeros in enumerate(tree.flatten(zero_states))
        ]
        self.pack = functools.partial(tree.pack_sequence_as, zero_states)

    def call(self, inputs: Mapping[str, Any], training: bool = False) -> Any:
        inputs = dict(inputs)
        is_new = inputs.pop("reset")
        batch_size, expected = is_new.shape[0], self.states[0].shape[0]
        if batch_size not in (None, expected):
            raise ValueError(
                f"A batch must have a row for each of the {expected} streams. Received: {batch_size} rows"
            )
        before = [reset(ops.convert_to_tensor(state), is_new) for state in self.states]
        outputs, after = self.advance(inputs, self.pack(before), training)
        for state, value in zip(self.states, tree.flatten(after), strict=True):
            state.assign(ops.stop_gradient(value))
        return outputs


def reset(states: Any, is_new: Any) -> Any:
    """States (batch, ...), zero in the rows that begin anew, (batch,)."""

    def begin(state: Any) -> Any:
        rows = ops.reshape(is_new, (-1, *[1] * (len(state.shape) - 1)))
        return ops.where(rows, ops.zeros_like(state), state)

    return tree.map_structure(begin, states)
