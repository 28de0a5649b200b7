"""The penalty by which hypotheses of different lengths become comparable."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.decode.rounding import apply_evenly


def length_penalty(length: Any, *, alpha: float) -> Any:
    """What a log-probability is divided by, ((5 + length) / 6) ** alpha.

    Args:
        length: Number of tokens, `</s>` included: a number or a tensor of any shape.
        alpha: 0 compares plain log-probabilities, which favours short hypotheses; larger favours longer ones.
    Returns:
        The penalty, of the shape of `length`; 1 at a length of 1.
    Reference:
        Wu et al. 2016, equation 14, https://arxiv.org/abs/1609.08144
    """
    return apply_evenly(lambda base: base**alpha, (5.0 + ops.cast(length, "float32")) / 6.0)
