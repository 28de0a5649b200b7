"""h_t = a_t * h_{t-1} + b_t for all steps, without going through them one by one."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from kerasseq.layers.scan import scan, shifted, with_gradient


def linear_recurrence(decay: Any, addition: Any, initial: Any) -> Any:
    """Solves h_t = a_t * h_{t-1} + b_t, in about 2 sqrt(time) steps.

    Two such steps are one: (a_2, b_2) after (a_1, b_1) is (a_2 a_1, a_2 b_1 + b_2). This is associative, so
    time is cut into about sqrt(time) pieces that are gone through side by side; a second loop hands the
    state from piece to piece. Nothing is divided, so decays near 0 are harmless. The gradient is the same
    recurrence, backwards.

    Args:
        decay: a, (time, batch, units).
        addition: b, alike.
        initial: h before the first step, (batch, units).
    Returns:
        h, (time, batch, units).
    Reference:
        Blelloch 1990, "Prefix sums and their applications", section 1.4 (recurrences as associative scans).
    """

    given = decay.dtype

    def forward(inputs: dict) -> tuple[Any, Any]:
        states = _solve(inputs["decay"], inputs["addition"], inputs["initial"])

        def pullback(d_states: Any) -> dict:
            # What reaches h_t is its own gradient, and a_{t+1} times what reaches h_{t+1}.
            later = ops.flip(inputs["decay"][1:], 0)
            late_first = ops.concatenate([ops.ones_like(d_states[:1]), later], axis=0)
            nothing = ops.zeros_like(inputs["initial"])
            d_addition = ops.flip(_solve(late_first, ops.flip(d_states, 0), nothing), 0)
            return {
                "decay": d_addition * shifted(inputs["initial"], states),
                "addition": d_addition,
                "initial": d_addition[0] * inputs["decay"][0],
            }

        return states, pullback

    inputs = {"decay": decay, "addition": addition, "initial": initial}
    inputs = {name: ops.cast(tensor, "float32") for name, tensor in inputs.items()}  # products of many decays
    return ops.cast(with_gradient(forward, inputs), given)


def _solve(decay: Any, addition: Any, initial: Any) -> Any:
    num_steps = ops.shape(decay)[0]
    length, pieces = _lengths(num_steps)
    # Steps that change nothing fill up the last piece: (length, pieces, batch, units).
    decay = _in_pieces(decay, ops.ones, length, pieces)
    addition = _in_pieces(addition, ops.zeros, length, pieces)

    def within(before: tuple, now: tuple) -> tuple[tuple, tuple]:
        after = (now[0] * before[0], now[0] * before[1] + now[1])
        return after, after

    start = (ops.ones_like(decay[0]), ops.zeros_like(addition[0]))
    whole, (decays, additions) = scan(within, start, (decay, addition))

    def across(state: Any, piece: tuple) -> tuple[Any, Any]:
        return piece[0] * state + piece[1], state

    _, entering = scan(across, initial, whole)  # the state before each piece
    states = decays * entering + additions
    states = ops.transpose(states, (1, 0, 2, 3))
    return ops.reshape(states, (-1, *ops.shape(initial)))[:num_steps]


def _lengths(num_steps: Any) -> tuple[Any, Any]:
    """The length of a piece, the square root rounded up, and how many pieces there are."""
    if isinstance(num_steps, int):
        length = math.isqrt(num_steps - 1) + 1 if num_steps else 1
    elif keras.backend.backend() == "jax":  # a model is being built for any length: nothing is computed
        return num_steps, 1
    else:
        length = ops.cast(ops.ceil(ops.sqrt(ops.cast(num_steps, "float32"))), "int32")
    return length, (num_steps + length - 1) // length


def _in_pieces(sequence: Any, fill: Any, length: Any, pieces: Any) -> Any:
    """(time, batch, units) -> (length, pieces, batch, units)."""
    num_steps, *row = ops.shape(sequence)
    filler = fill((length * pieces - num_steps, *row), sequence.dtype)
    sequence = ops.concatenate([sequence, filler], axis=0)
    return ops.transpose(ops.reshape(sequence, (pieces, length, *row)), (1, 0, 2, 3))
