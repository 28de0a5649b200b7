"""One token after another in every row: the loop that greedy decoding and sampling share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops

from kerasseq.decode.backtrack import write_step
from kerasseq.decode.row_state import attention_of, join_memory, split_memory
from kerasseq.specs import Hypotheses


class Progress(NamedTuple):
    """Where every row stands between two steps; a tree of tensors, which may leave a graph and come back."""

    step: Any  # (), the number of steps made, at most one more than the longest row's
    inputs: Any  # (rows,), the tokens to read next
    is_alive: Any  # (rows,)
    log_probabilities: Any  # (rows,)
    lengths: Any  # (rows,)
    limits: Any  # (rows,), the most tokens of each
    recent: Any  # (rows, longest stop), the last tokens produced, -1 before the first; () without stops
    draws: Any  # what a sampler's draws are keyed by; () without one
    state: Any


class Ending(NamedTuple):
    """What ends a row before its limit.

    end_id: `</s>`.
    pad_id: What follows the last token.
    stop_ids: Sequences of tokens; a row ends behind any of them.
    min_length: Tokens that a stop has to wait for.
    """

    end_id: int
    pad_id: int
    stop_ids: tuple[tuple[int, ...], ...] = ()
    min_length: int = 0


class _Written(NamedTuple):
    """The histories of one run of the loop."""

    tokens: Any  # (time, rows)
    attention: tuple  # empty, or one (time, rows, source_time)


def open_progress(
    state: Any, first_tokens: Any, *, limits: Any, longest_stop: int = 0, draws: Any = ()
) -> Progress:
    """The rows before their first step; `first_tokens` and `limits` are (rows,), int32."""
    return Progress(
        step=ops.convert_to_tensor(0, dtype="int32"),
        inputs=first_tokens,
        is_alive=limits > 0,
        log_probabilities=ops.zeros_like(first_tokens, dtype="float32"),
        lengths=ops.zeros_like(first_tokens),
        limits=limits,
        recent=ops.repeat(ops.full_like(first_tokens, -1)[:, None], longest_stop, axis=1)
        if longest_stop
        else (),
        draws=draws,
        state=state,
    )


def extend(
    progress: Progress,
    step: Callable[[Any, Any], tuple[Any, Any]],
    choose: Callable[[Any, Any], tuple[Any, Any]],
    *,
    num_steps: Any,
    ending: Ending,
    with_attention: bool = False,
) -> tuple[Progress, Any, Any]:
    """Makes steps until every row has ended, and `num_steps` at the most.

    Whether any row goes on is known one step late, so that what a step does before its token, such as the
    products with the states before it, overlaps with the step before; at the end this costs one step.

    Args:
        progress: Where the rows stand.
        step: The model's, see `kerasseq.decode`.
        choose: `choose(logits (rows, vocabulary), step ()) -> (log-probabilities (rows,), tokens (rows,))`.
        num_steps: An integer, or an integer tensor without axes.
        ending: What ends a row.
        with_attention: Whether to collect the history of `state["attention_weights"]`.
    Returns:
        The progress, the tokens (rows, num_steps), their attention (rows, num_steps, source_time) or None.
    """
    state, memory = split_memory(progress.state)
    first, limits = progress.step, progress.limits

    def is_running(now: Progress, written: _Written, was_alive: Any) -> Any:
        return ops.logical_and(now.step < first + num_steps, was_alive)

    def advance(now: Progress, written: _Written, was_alive: Any) -> tuple[Progress, _Written, Any]:
        logits, state = step(now.inputs, join_memory(now.state, memory))
        state, _ = split_memory(state)
        gains, tokens = choose(logits, now.step)
        tokens = ops.where(now.is_alive, tokens, ending.pad_id)
        recent = ops.concatenate([now.recent[:, 1:], tokens[:, None]], axis=1) if ending.stop_ids else ()
        goes_on = ops.logical_and(tokens != ending.end_id, now.step + 1 < limits)
        if ending.stop_ids:
            is_stopped = ops.logical_and(ends_in(recent, ending.stop_ids), now.step + 1 > ending.min_length)
            goes_on = ops.logical_and(goes_on, ops.logical_not(is_stopped))
        after = now._replace(
            step=now.step + 1,
            inputs=tokens,
            is_alive=ops.logical_and(now.is_alive, goes_on),
            log_probabilities=now.log_probabilities + ops.where(now.is_alive, gains, 0.0),
            lengths=now.lengths + ops.cast(now.is_alive, "int32"),
            recent=recent,
            state=state,
        )
        return after, _write(written, now, tokens, state, now.step - first), ops.any(now.is_alive)

    moving = progress._replace(limits=(), draws=(), state=state)
    start = _blank(moving, num_steps, ending.pad_id, with_attention)
    after, written, _ = ops.while_loop(is_running, advance, (moving, start, ops.any(progress.is_alive)))
    after = after._replace(limits=limits, draws=progress.draws, state=join_memory(after.state, memory))
    attention = ops.transpose(written.attention[0], (1, 0, 2)) if written.attention else None
    return after, ops.transpose(written.tokens), attention


def ends_in(recent: Any, sequences: tuple[tuple[int, ...], ...]) -> Any:
    """True where the last tokens of a row (rows, time) are one of some sequences, (rows,)."""
    found = ops.zeros_like(recent[:, 0], dtype="bool")
    for sequence in sequences:
        is_equal = recent[:, -len(sequence) :] == ops.convert_to_tensor(sequence, dtype="int32")
        found = ops.logical_or(found, ops.all(is_equal, axis=-1))
    return found


def hypotheses_of(progress: Progress, tokens: Any, attention: Any, *, batch_size: Any) -> Hypotheses:
    """What `extend` found, the rows of an example next to each other, as (batch, n_best, ...)."""

    def by_example(values: Any) -> Any:
        return ops.reshape(values, (batch_size, -1, *ops.shape(values)[1:]))

    log_probabilities = by_example(progress.log_probabilities)
    return Hypotheses(
        tokens=by_example(tokens),
        scores=log_probabilities,
        log_probabilities=log_probabilities,
        lengths=by_example(progress.lengths),
        attention=None if attention is None else by_example(attention),
    )


def _blank(progress: Progress, num_steps: Any, pad_id: int, with_attention: bool) -> _Written:
    rows = ops.shape(progress.inputs)[0]
    weights = attention_of(progress.state) if with_attention else None
    return _Written(
        tokens=ops.full((num_steps, rows), pad_id, dtype="int32"),
        attention=()
        if weights is None
        else (ops.zeros((num_steps, *ops.shape(weights)), dtype=weights.dtype),),
    )


def _write(written: _Written, now: Progress, tokens: Any, state: Any, place: Any) -> _Written:
    return _Written(
        tokens=write_step(written.tokens, place, tokens),
        attention=tuple(
            write_step(history, place, ops.where(now.is_alive[:, None], attention_of(state), 0.0))
            for history in written.attention
        ),
    )
