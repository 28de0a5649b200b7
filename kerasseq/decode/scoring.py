"""How likely a model finds given targets."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.specs import PAD_ID


def sequence_log_probability(logits: Any, labels: Any) -> Any:
    """The log-probability of each sequence, from a model that read it (teacher forcing).

    Args:
        logits: (batch, time, vocabulary).
        labels: Token ids, (batch, time), int; padding, 0, never counts.
    Returns:
        (batch,), float32.
    """
    logits = ops.cast(logits, "float32")
    of_labels = ops.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    log_probabilities = of_labels - ops.logsumexp(logits, axis=-1)  # (batch, time)
    return ops.sum(ops.where(labels != PAD_ID, log_probabilities, 0.0), axis=-1)
