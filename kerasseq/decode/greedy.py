"""The likeliest next token, every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops

from kerasseq.decode.backtrack import write_step
from kerasseq.decode.candidates import top_candidates
from kerasseq.decode.limit import length_limit, row_limits
from kerasseq.decode.row_state import attention_of, join_memory, split_memory
from kerasseq.registry import register
from kerasseq.specs import (
    END_ID,
    PAD_ID,
    START_ID,
    Hypotheses,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    check_arguments,
)


class _Progress(NamedTuple):
    """What a step changes; the histories are written at `step`."""

    step: Any  # ()
    inputs: Any  # (batch,), the tokens to read next
    is_alive: Any  # (batch,)
    log_probabilities: Any  # (batch,)
    lengths: Any  # (batch,)
    tokens: Any  # (time, batch)
    attention: tuple  # empty, or one (time, batch, source_time)
    state: Any


@register("decode")
class Greedy:
    """Greedy decoding.

    Args:
        min_length: Tokens that come before `</s>` at the least.
        max_length: The most tokens of an output, `</s>` included, where `max_length_ratio` allows more.
        max_length_ratio: The most tokens of an output for each token of its input, beyond an allowance of 20.
    Call arguments:
        step: `step(tokens (rows,), state) -> (logits (rows, vocabulary), state)`, pure.
        state: Any tree of tensors whose first axis is the batch; see `kerasseq.decode`.
        batch_size: An integer or a tensor without axes.
        max_length: The most tokens, `</s>` included: an integer, or an int tensor (batch,) with a limit for
            every row; usually from `limit`. What is cut off there has no `</s>`. Must be concrete where JAX
            compiles the call.
        start_id, end_id, pad_id: The special tokens.
        forbidden_ids: Tokens that are never produced; they keep their share of the probability.
        with_attention: Whether to collect the history of `state["attention_weights"]`.
    Returns:
        `Hypotheses` with n_best 1 and time `max_length`; the score is the log-probability.
    Raises:
        ValueError: If an argument is out of its range.
    """

    def __init__(
        self,
        *,
        min_length: NonNegativeInt = 0,
        max_length: PositiveInt | None = None,
        max_length_ratio: PositiveFloat = 3.0,
    ):
        check_arguments(
            Greedy.__init__, min_length=min_length, max_length=max_length, max_length_ratio=max_length_ratio
        )
        self.min_length = min_length
        self.max_length = max_length
        self.max_length_ratio = max_length_ratio

    def limit(self, source_length: Any) -> Any:
        """The `max_length` of a call for inputs of a length, an integer or a tensor (batch,)."""
        return length_limit(source_length, max_length=self.max_length, max_length_ratio=self.max_length_ratio)

    def __call__(
        self,
        step: Callable[[Any, Any], tuple[Any, Any]],
        state: Any,
        *,
        batch_size: Any,
        max_length: Any,
        start_id: int = START_ID,
        end_id: int = END_ID,
        pad_id: int = PAD_ID,
        forbidden_ids: tuple[int, ...] = (PAD_ID, START_ID),
        with_attention: bool = False,
    ) -> Hypotheses:
        limits, num_steps = row_limits(max_length, batch_size=batch_size)
        state, memory = split_memory(state)

        def is_running(progress: _Progress) -> Any:
            return ops.logical_and(progress.step < num_steps, ops.any(progress.is_alive))

        def advance(progress: _Progress) -> tuple[_Progress]:
            now, is_alive = progress.step, progress.is_alive
            logits, state = step(progress.inputs, join_memory(progress.state, memory))
            state, _ = split_memory(state)
            gains, tokens = self._best_tokens(logits, now, forbidden_ids=forbidden_ids, end_id=end_id)
            tokens = ops.where(is_alive, tokens, pad_id)
            goes_on = ops.logical_and(tokens != end_id, now + 1 < limits)
            fresh = _Progress(
                step=now + 1,
                inputs=tokens,
                is_alive=ops.logical_and(is_alive, goes_on),
                log_probabilities=progress.log_probabilities + ops.where(is_alive, gains, 0.0),
                lengths=progress.lengths + ops.cast(is_alive, "int32"),
                tokens=write_step(progress.tokens, now, tokens),
                attention=_write_attention(progress, state),
                state=state,
            )
            return (fresh,)

        start = self._start(state, batch_size, num_steps, start_id, pad_id, with_attention)
        return _hypotheses(ops.while_loop(is_running, advance, (start,))[0])

    def _best_tokens(
        self, logits: Any, now: Any, *, forbidden_ids: tuple[int, ...], end_id: int
    ) -> tuple[Any, Any]:
        log_probabilities, tokens = top_candidates(
            logits,
            count=1,
            forbidden_ids=forbidden_ids,
            end_id=end_id,
            end_is_allowed=now >= self.min_length if self.min_length else None,
        )
        best, places = ops.top_k(log_probabilities, 1)
        return best[:, 0], ops.take_along_axis(tokens, places, axis=-1)[:, 0]

    def _start(
        self, state: Any, batch_size: Any, num_steps: Any, start_id: int, pad_id: int, with_attention: bool
    ) -> _Progress:
        weights = attention_of(state) if with_attention else None
        return _Progress(
            step=ops.convert_to_tensor(0, dtype="int32"),
            inputs=ops.full((batch_size,), start_id, dtype="int32"),
            is_alive=ops.ones((batch_size,), dtype="bool"),
            log_probabilities=ops.zeros((batch_size,), dtype="float32"),
            lengths=ops.zeros((batch_size,), dtype="int32"),
            tokens=ops.full((num_steps, batch_size), pad_id, dtype="int32"),
            attention=()
            if weights is None
            else (ops.zeros((num_steps, *ops.shape(weights)), dtype=weights.dtype),),
            state=state,
        )


def _write_attention(progress: _Progress, state: Any) -> tuple:
    return tuple(
        write_step(history, progress.step, ops.where(progress.is_alive[:, None], attention_of(state), 0.0))
        for history in progress.attention
    )


def _hypotheses(progress: _Progress) -> Hypotheses:
    log_probabilities = progress.log_probabilities[:, None]
    return Hypotheses(
        tokens=ops.transpose(progress.tokens)[:, None],
        scores=log_probabilities,
        log_probabilities=log_probabilities,
        lengths=progress.lengths[:, None],
        attention=ops.transpose(progress.attention[0], (1, 0, 2))[:, None] if progress.attention else None,
    )
