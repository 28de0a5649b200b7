"""Attention that knows where it has looked already.

The coverage of a place is the sum of its attention weights so far. It enters the energy of an additive
attention, and a loss on looking at a place again teaches the use of it:

    u_t = a_1 + ... + a_{t-1},    e_tj = v^T tanh(W s_t + U h_j + w_u u_tj + b)
    loss = mean over the steps of sum over j of min(a_tj, u_tj)

See et al. 2017, section 2.3, https://arxiv.org/abs/1704.04368; Tu et al. 2016, section 3.1.1
"""

from __future__ import annotations

from typing import Any

from keras import ops


def coverage_loss(weights: Any, mask: Any) -> Any:
    """How much is looked at again in a step, the mean over the real steps of a batch, in single precision.

    Args:
        weights: a_t, (batch, target_time, source_time).
        mask: True at real steps, (batch, target_time).
    """
    weights, is_real = ops.cast(weights, "float32"), ops.cast(mask, "float32")
    before = ops.cumsum(weights, axis=1) - weights
    again = ops.sum(ops.minimum(weights, before), axis=-1)
    return ops.divide_no_nan(ops.sum(again * is_real), ops.sum(is_real))
