"""The result of a beam search: ranks what ended and reads it back."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.decode.backtrack import backtrack
from kerasseq.decode.beam_slots import Slots
from kerasseq.decode.length_penalty import length_penalty
from kerasseq.decode.pick_slots import pick_slots
from kerasseq.specs import Hypotheses


def n_best(slots: Slots, *, count: int, alpha: float, end_id: int, pad_id: int) -> Hypotheses:
    """The best hypotheses of each example: finished ones first, either kind by score.

    Args:
        slots: A search that is over.
        count: Hypotheses to return, at most the beam's width.
        alpha: The length penalty's exponent.
        end_id: The token that finished hypotheses end in.
        pad_id: What follows a hypothesis' last token.
    """
    num_steps, batch_size, beam_width = ops.shape(slots.closed)
    ended_at = ops.arange(num_steps, dtype="int32")
    scores = slots.closed / length_penalty(ended_at + 1, alpha=alpha)[:, None, None]
    is_finished = slots.tokens == end_id
    best_scores, places = _finished_first(_by_example(scores), _by_example(is_finished), count)
    exists = best_scores > float("-inf")  # (batch, n_best)
    last_steps = ops.where(exists, places // beam_width, -1)
    history = backtrack(
        slots.parents, last_steps=last_steps, last_slots=places % beam_width, num_steps=slots.step
    )
    is_inside = ended_at[:, None, None] <= last_steps  # (time, batch, n_best)
    tokens = ops.where(is_inside, pick_slots(slots.tokens, history), pad_id)
    log_probabilities = pick_slots(_by_example(slots.closed), places)
    return Hypotheses(
        tokens=ops.transpose(tokens, (1, 2, 0)),
        scores=best_scores,
        log_probabilities=ops.where(exists, log_probabilities, float("-inf")),
        lengths=last_steps + 1,
        attention=_attention(slots, history, is_inside) if slots.attention else None,
    )


def _by_example(values: Any) -> Any:
    """(time, batch, beam) -> (batch, time * beam), earlier steps first."""
    num_steps, batch_size, beam_width = ops.shape(values)
    return ops.reshape(ops.transpose(values, (1, 0, 2)), (batch_size, num_steps * beam_width))


def _finished_first(scores: Any, is_finished: Any, count: int) -> tuple[Any, Any]:
    """The best `count` scores of each row and their places: of finished hypotheses, then of others."""
    finished, finished_places = ops.top_k(ops.where(is_finished, scores, float("-inf")), count)
    others, other_places = ops.top_k(ops.where(is_finished, float("-inf"), scores), count)
    num_finished = ops.sum(ops.cast(finished > float("-inf"), "int32"), axis=-1, keepdims=True)
    rank = ops.arange(count, dtype="int32")
    order = ops.where(rank < num_finished, rank, count + rank - num_finished)  # (batch, count)
    both = ops.concatenate([finished, others], axis=-1)
    both_places = ops.concatenate([finished_places, other_places], axis=-1)
    return pick_slots(both, order), pick_slots(both_places, order)


def _attention(slots: Slots, history: Any, is_inside: Any) -> Any:
    """The attention weights of each token, (batch, n_best, time, source_time); 0 after the last token."""
    (weights,) = slots.attention
    extended = ops.concatenate([ops.zeros_like(history[:1]), history[:-1]], axis=0)
    picked = ops.where(is_inside[..., None], pick_slots(weights, extended), 0.0)
    return ops.transpose(picked, (1, 2, 0, 3))
