"""What a beam search carries from step to step."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from kerasseq.decode.backtrack import write_step
from kerasseq.decode.row_state import attention_of, take_rows


class Slots(NamedTuple):
    """The slots of every example, and the histories that a hypothesis is read back from.

    Hypotheses are never copied: a step writes the token and the parent of each slot, and the log-probability
    of those hypotheses that end there.
    """

    step: Any  # ()
    inputs: Any  # (batch * beam,), the tokens to read next
    log_probabilities: Any  # (batch, beam), -inf where a slot holds no hypothesis
    num_finished: Any  # (batch,), the slots that finished hypotheses took out of the search
    best_scores: Any  # (batch, num_hypotheses), of finished hypotheses
    tokens: Any  # (time, batch, beam)
    parents: Any  # (time, batch, beam)
    closed: Any  # (time, batch, beam), log-probability of a hypothesis that ends there, or -inf
    attention: tuple  # empty, or one (time, batch * beam, source_time), by the slots that were extended
    state: Any

    def refilled(
        self,
        *,
        parents: Any,
        tokens: Any,
        alive: Any,
        closed: Any,
        num_finished: Any,
        best_scores: Any,
        state: Any,
    ) -> Slots:
        """The slots after a step: all (batch, beam) but the last three; `state` in the order of old slots."""
        batch_size, beam_width = ops.shape(parents)
        first_rows = ops.arange(batch_size, dtype="int32")[:, None] * beam_width
        rows = ops.reshape(first_rows + parents, (batch_size * beam_width,))
        return Slots(
            step=self.step + 1,
            inputs=ops.reshape(tokens, (batch_size * beam_width,)),
            log_probabilities=alive,
            num_finished=num_finished,
            best_scores=best_scores,
            tokens=write_step(self.tokens, self.step, tokens),
            parents=write_step(self.parents, self.step, parents),
            closed=write_step(self.closed, self.step, closed),
            attention=tuple(
                write_step(history, self.step, attention_of(state)) for history in self.attention
            ),
            state=take_rows(state, rows),
        )


def open_slots(
    state: Any,
    *,
    batch_size: Any,
    beam_width: int,
    num_hypotheses: int,
    num_steps: Any,
    first_tokens: Any,
    pad_id: int,
    with_attention: bool,
) -> Slots:
    """The slots before the first step: each example's first one holds the empty hypothesis.

    `first_tokens`, to be read next, is a token for all or (batch, 1).
    """
    weights = attention_of(state) if with_attention else None
    shape = (batch_size, beam_width)
    is_first = ops.broadcast_to(ops.arange(beam_width, dtype="int32") == 0, shape)
    return Slots(
        step=ops.convert_to_tensor(0, dtype="int32"),
        inputs=ops.reshape(ops.broadcast_to(ops.cast(first_tokens, "int32"), shape), (-1,)),
        log_probabilities=ops.where(is_first, 0.0, float("-inf")),
        num_finished=ops.zeros((batch_size,), dtype="int32"),
        best_scores=ops.full((batch_size, num_hypotheses), float("-inf"), dtype="float32"),
        tokens=ops.full((num_steps, *shape), pad_id, dtype="int32"),
        parents=ops.zeros((num_steps, *shape), dtype="int32"),
        closed=ops.full((num_steps, *shape), float("-inf"), dtype="float32"),
        attention=()
        if weights is None
        else (ops.zeros((num_steps, *ops.shape(weights)), dtype=weights.dtype),),
        state=state,
    )
