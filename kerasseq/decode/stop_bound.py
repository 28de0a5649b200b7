"""When a search may end early: no hypothesis still alive can change the result any more."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.decode.length_penalty import length_penalty


def is_decided(alive_log_probabilities: Any, worst_kept_scores: Any, *, limits: Any, alpha: float) -> Any:
    """True for the rows whose best hypotheses are known.

    A log-probability only falls as a hypothesis grows, and is at most 0, so that its score is at best what it
    would be if it reached the row's limit at no further cost. Only a bound strictly below the score that it
    would have to beat decides a row.

    Args:
        alive_log_probabilities: (batch, beam), -inf where a slot holds nothing.
        worst_kept_scores: Score of the `num_hypotheses`-th best finished hypothesis, -inf while there are
            fewer, (batch,).
        limits: The most tokens a hypothesis may have, (batch,).
        alpha: The length penalty's exponent, at least 0.
    Returns:
        (batch,), bool.
    """
    best_attainable = ops.max(alive_log_probabilities, axis=-1) / length_penalty(limits, alpha=alpha)
    return worst_kept_scores > best_attainable
