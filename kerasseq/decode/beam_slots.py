"""What a beam search carries from step to step."""

from __future__ import annotations

from typing import Any, NamedTuple

from keras import ops

from kerasseq.decode.alive_rows import alive_rows
from kerasseq.decode.backtrack import write_step
from kerasseq.decode.pick_slots import pick_slots
from kerasseq.decode.row_state import attention_of, take_rows


class Slots(NamedTuple):
    """The slots of every example, and the histories that a hypothesis is read back from.

    Hypotheses are never copied: a step writes the token and the parent of each slot, and the log-probability
    of those hypotheses that end there. The model sees a row for each hypothesis that is alive, and no others.
    """

    step: Any  # ()
    log_probabilities: Any  # (batch, beam), -inf where a slot holds no hypothesis
    num_finished: Any  # (batch,), the slots that finished hypotheses took out of the search
    best_scores: Any  # (batch, num_hypotheses), of finished hypotheses
    tokens: Any  # (time, batch, beam)
    parents: Any  # (time, batch, beam)
    closed: Any  # (time, batch, beam), log-probability of a hypothesis that ends there, or -inf
    attention: tuple  # empty, or one (time, batch, beam, source_time), by the slots that were extended
    beams: Any  # the rows of the slots and the slots of the rows, see `kerasseq.decode`
    inputs: Any  # (rows,), the tokens to read next
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
        """The slots after a step: all (batch, beam) but the last three; `state` is that of the old rows."""
        beams = alive_rows(alive > float("-inf"))
        extended = ops.reshape(pick_slots(self.beams["rows"], parents), (-1,))
        return Slots(
            step=self.step + 1,
            log_probabilities=alive,
            num_finished=num_finished,
            best_scores=best_scores,
            tokens=write_step(self.tokens, self.step, tokens),
            parents=write_step(self.parents, self.step, parents),
            closed=write_step(self.closed, self.step, closed),
            attention=tuple(
                write_step(history, self.step, ops.take(attention_of(state), self.beams["rows"], axis=0))
                for history in self.attention
            ),
            beams=beams,
            inputs=ops.take(ops.reshape(tokens, (-1,)), beams["slots"], axis=0),
            state=take_rows(state, ops.take(extended, beams["slots"], axis=0)),
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
    beams = alive_rows(is_first)
    inputs = ops.reshape(ops.broadcast_to(ops.cast(first_tokens, "int32"), shape), (-1,))
    return Slots(
        step=ops.convert_to_tensor(0, dtype="int32"),
        log_probabilities=ops.where(is_first, 0.0, float("-inf")),
        num_finished=ops.zeros((batch_size,), dtype="int32"),
        best_scores=ops.full((batch_size, num_hypotheses), float("-inf"), dtype="float32"),
        tokens=ops.full((num_steps, *shape), pad_id, dtype="int32"),
        parents=ops.zeros((num_steps, *shape), dtype="int32"),
        closed=ops.full((num_steps, *shape), float("-inf"), dtype="float32"),
        attention=()
        if weights is None
        else (ops.zeros((num_steps, *shape, ops.shape(weights)[-1]), dtype=weights.dtype),),
        beams=beams,
        inputs=ops.take(inputs, beams["slots"], axis=0),
        state=take_rows(state, beams["examples"]),
    )
