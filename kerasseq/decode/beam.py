"""Beam search: the best hypotheses of a width, all of them extended at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from keras import ops

from kerasseq.decode.beam_slots import Slots, open_slots
from kerasseq.decode.extensions import best_extensions, struck_tokens
from kerasseq.decode.length_penalty import length_penalty
from kerasseq.decode.limit import length_limit, row_limits
from kerasseq.decode.n_best import n_best
from kerasseq.decode.row_state import join_memory, split_memory
from kerasseq.decode.stop_bound import is_decided
from kerasseq.registry import register
from kerasseq.specs import (
    END_ID,
    PAD_ID,
    START_ID,
    Hypotheses,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    check_arguments,
)

CONSTRAINTS = (("num_hypotheses <= beam_width", "widen the beam, or ask for fewer hypotheses"),)


@register("decode")
class Beam:
    """Beam search with a length penalty.

    A row has `beam_width` slots. Each step ranks the extensions of its alive hypotheses by log-probability
    and takes the best of them, as many as there are slots; what ends in `</s>` is finished and takes its
    slot out of the search. A row's search is over when it has no slot left, at its `max_length`, or when no
    alive hypothesis can reach the score of the `num_hypotheses`-th best finished one any more, which never
    changes the result. Finished hypotheses come before those that `max_length` cut off, and either by
    log-probability / length penalty.

    Args:
        beam_width: Hypotheses that are extended at once.
        length_penalty: Exponent of the (5 + length) / 6 that log-probabilities are divided by; 0: no penalty.
        num_hypotheses: Hypotheses to return for each input, at most `beam_width`.
        min_length: Tokens that come before `</s>` at the least.
        max_length: The most tokens of an output, `</s>` included, where `max_length_ratio` allows more.
        max_length_ratio: The most tokens of an output for each token of its input, beyond an allowance of 20.
    Call arguments:
        step: `step(tokens (rows,), state) -> (logits (rows, vocabulary), state)`, pure; rows are the
            hypotheses that are alive, those of one example next to each other.
        state: Any tree of tensors whose first axis is the batch; see `kerasseq.decode`.
        batch_size: An integer or a tensor without axes.
        max_length: The most tokens, `</s>` included: an integer, or an int tensor (batch,) with a limit for
            every row; usually from `limit`. Must be concrete where JAX compiles the call.
        first_tokens: The tokens to read first, (batch,), int32; `start_id` unless given.
        start_id, end_id, pad_id: The special tokens.
        forbidden_ids: Tokens that are never produced; they keep their share of the probability.
        with_attention: Whether to collect the history of `state["attention_weights"]`.
    Returns:
        `Hypotheses` with n_best `num_hypotheses` and time `max_length`. Where there are fewer hypotheses,
        the rest have score -inf and length 0.
    Raises:
        ValueError: If an argument is out of its range, or `num_hypotheses` exceeds `beam_width`.
    Reference:
        Wu et al. 2016, section 7, https://arxiv.org/abs/1609.08144
    """

    def __init__(
        self,
        *,
        beam_width: PositiveInt = 5,
        length_penalty: NonNegativeFloat = 0.6,
        num_hypotheses: PositiveInt = 1,
        min_length: NonNegativeInt = 0,
        max_length: PositiveInt | None = None,
        max_length_ratio: PositiveFloat = 3.0,
    ):
        check_arguments(
            Beam.__init__,
            beam_width=beam_width,
            length_penalty=length_penalty,
            num_hypotheses=num_hypotheses,
            min_length=min_length,
            max_length=max_length,
            max_length_ratio=max_length_ratio,
        )
        if num_hypotheses > beam_width:
            raise ValueError(
                "`num_hypotheses` must not exceed `beam_width`. "
                f"Received: num_hypotheses={num_hypotheses}, beam_width={beam_width}"
            )
        self.beam_width = beam_width
        self.length_penalty = length_penalty
        self.num_hypotheses = num_hypotheses
        self.min_length = min_length
        self.max_length = max_length
        self.max_length_ratio = max_length_ratio

    def limit(self, source_length: Any = None) -> Any:
        """The `max_length` of a call for inputs of a length, an integer or a tensor (batch,); None: any."""
        return length_limit(source_length, max_length=self.max_length, max_length_ratio=self.max_length_ratio)

    def __call__(
        self,
        step: Callable[[Any, Any], tuple[Any, Any]],
        state: Any,
        *,
        batch_size: Any,
        max_length: Any,
        first_tokens: Any = None,
        start_id: int = START_ID,
        end_id: int = END_ID,
        pad_id: int = PAD_ID,
        forbidden_ids: tuple[int, ...] = (PAD_ID, START_ID),
        with_attention: bool = False,
    ) -> Hypotheses:
        limits, num_steps = row_limits(max_length, batch_size=batch_size)
        state, memory = split_memory(state)

        def is_running(slots: Slots) -> Any:
            return ops.logical_and(slots.step < num_steps, ops.any(slots.log_probabilities > float("-inf")))

        def advance(slots: Slots) -> tuple[Slots]:
            logits, state = step(slots.inputs, join_memory(slots.state, memory, slots.beams))
            state, _ = split_memory(state)
            found = best_extensions(
                logits,
                slots.log_probabilities,
                slots.beams["rows"],
                count=self.beam_width,
                struck=struck_tokens(forbidden_ids, end_id, slots.step, min_length=self.min_length),
            )
            return (self._fill(slots, *found, state, limits=limits, end_id=end_id, pad_id=pad_id),)

        slots = open_slots(
            state,
            batch_size=batch_size,
            beam_width=self.beam_width,
            num_hypotheses=self.num_hypotheses,
            num_steps=num_steps,
            first_tokens=start_id if first_tokens is None else ops.cast(first_tokens, "int32")[:, None],
            pad_id=pad_id,
            with_attention=with_attention,
        )
        slots = ops.while_loop(is_running, advance, (slots,))[0]
        return n_best(
            slots, count=self.num_hypotheses, alpha=self.length_penalty, end_id=end_id, pad_id=pad_id
        )

    def _fill(
        self,
        slots: Slots,
        parents: Any,
        tokens: Any,
        log_probabilities: Any,
        state: Any,
        *,
        limits: Any,
        end_id: int,
        pad_id: int,
    ) -> Slots:
        """Gives the slots to the best extensions, from `best_extensions`."""
        is_slot_open = (
            ops.arange(self.beam_width, dtype="int32") < self.beam_width - slots.num_finished[:, None]
        )
        is_taken = ops.logical_and(is_slot_open, log_probabilities > float("-inf"))  # (batch, beam)
        is_finished = ops.logical_and(is_taken, tokens == end_id)
        is_cut_off = ops.logical_and(is_taken, (slots.step + 1 >= limits)[:, None])
        is_closed = ops.logical_or(is_finished, is_cut_off)

        penalty = length_penalty(slots.step + 1, alpha=self.length_penalty)
        scores = ops.where(is_finished, log_probabilities / penalty, float("-inf"))
        best_scores, _ = ops.top_k(ops.concatenate([slots.best_scores, scores], axis=-1), self.num_hypotheses)
        alive = ops.where(
            ops.logical_and(is_taken, ops.logical_not(is_closed)), log_probabilities, float("-inf")
        )
        decided = is_decided(alive, best_scores[:, -1], limits=limits, alpha=self.length_penalty)
        alive = ops.where(decided[:, None], float("-inf"), alive)
        return slots.refilled(
            parents=parents,
            tokens=ops.where(is_taken, tokens, pad_id),
            alive=alive,
            closed=ops.where(is_closed, log_probabilities, float("-inf")),
            num_finished=slots.num_finished + ops.sum(ops.cast(is_finished, "int32"), axis=-1),
            best_scores=best_scores,
            state=state,
        )
