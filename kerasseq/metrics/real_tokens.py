"""Which tokens count, and how much."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.specs import PAD_ID


def token_weights(labels: Any, sample_weight: Any = None) -> Any:
    """The weight of each token: 0 at padding, else 1 or what is given.

    Args:
        labels: Token ids, (batch, time), int.
        sample_weight: (batch,), (batch, time) or None.
    Returns:
        (batch, time), float32.
    """
    weights = ops.cast(ops.not_equal(labels, PAD_ID), "float32")
    if sample_weight is None:
        return weights
    sample_weight = ops.cast(sample_weight, "float32")
    return weights * (sample_weight if len(sample_weight.shape) > 1 else sample_weight[:, None])
