"""A linear-chain conditional random field on top of anyone's network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from kerasseq.layers.chain import chain_score, log_normalizer
from kerasseq.specs import PAD_ID, PositiveInt, check_arguments

FORBIDDEN = -1e4
"""Added to what must not be: its exponential is 0, and a sentence's other scores do not make up for it."""


@keras.saving.register_keras_serializable("kerasseq")
class CRF(keras.layers.Layer):
    """Scores of tags for themselves become scores of each tag behind each other one.

    phi_t[i, j] = z_t[j] + A[i, j]        phi_0[i, j] = z_0[j] + a[j]        phi_last[i, j] += b[j]

    It is the last layer of a model that is trained with `CRFLoss`; `viterbi` finds the likeliest tags.
    Potentials are in float32, whatever the scores are.

    Args:
        num_tags: Tags run from 0 (padding, which no word has) to this, exclusive.
        allowed: Which tag may follow which, rows of true and false: from each tag and last from the start, to
            each tag and last to the end. All may unless given.
    Call arguments:
        scores: z, (batch, time, num_tags).
        mask: True at real words, (batch, time), on the left; all of them unless given.
    Returns:
        phi, (batch, time, num_tags, num_tags), as `chain.py` takes it.
    Raises:
        ValueError: If `num_tags` is below 2, or `allowed` is not a row and a column more than that.
    Reference:
        Lample et al. 2016, section 2.2, https://aclanthology.org/N16-1030
    """

    def __init__(
        self, *, num_tags: PositiveInt, allowed: Sequence[Sequence[bool]] | None = None, **kwargs: Any
    ):
        check_arguments(CRF.__init__, num_tags=num_tags)
        if num_tags < 2:
            raise ValueError(f"`num_tags` must be > 1: 0 is padding. Received: num_tags={num_tags}")
        super().__init__(**kwargs)
        self.num_tags = num_tags
        self.allowed = None if allowed is None else [[bool(one) for one in row] for row in allowed]
        if self.allowed is not None and {len(self.allowed), *map(len, self.allowed)} != {num_tags + 1}:
            size = f"{len(self.allowed)} rows of {sorted({*map(len, self.allowed)})}"
            raise ValueError(
                f"`allowed` must have num_tags + 1 = {num_tags + 1} rows and columns. Received: {size}"
            )
        self.supports_masking = True

    def build(self, scores_shape: tuple) -> None:
        size = self.num_tags
        self.transitions = self.add_weight(name="transitions", shape=(size, size), initializer="zeros")
        self.start = self.add_weight(name="start", shape=(size,), initializer="zeros")
        self.end = self.add_weight(name="end", shape=(size,), initializer="zeros")

    def call(self, scores: Any, mask: Any = None) -> Any:
        scores = ops.cast(scores, "float32")  # (batch, time, tags)
        mask = ops.ones_like(scores[..., 0]) if mask is None else ops.cast(mask, "float32")
        after = ops.concatenate([mask[:, 1:], ops.zeros_like(mask[:, :1])], axis=1)
        is_last = (mask * (1 - after))[..., None]  # (batch, time, 1)
        is_first = ops.concatenate([ops.ones_like(mask[:, :1]), ops.zeros_like(mask[:, 1:])], axis=1)
        transitions, start, end = self._with_forbidden()
        alone = scores + is_last * end
        return alone[:, :, None, :] + ops.where(is_first[..., None, None] > 0, start, transitions)

    def _with_forbidden(self) -> tuple[Any, Any, Any]:
        """A, a and b, with what must not be far below everything else."""
        size = self.num_tags
        allowed = self.allowed or [[True] * (size + 1)] * (size + 1)
        costs = [
            [0.0 if may and PAD_ID not in (before, tag) else FORBIDDEN for tag, may in enumerate(row)]
            for before, row in enumerate(allowed)
        ]
        costs = ops.convert_to_tensor(costs, "float32")
        return (
            ops.cast(self.transitions, "float32") + costs[:size, :size],
            ops.cast(self.start, "float32") + costs[size, :size],
            ops.cast(self.end, "float32") + costs[:size, size],
        )

    def compute_mask(self, scores: Any, mask: Any = None) -> None:
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "num_tags": self.num_tags, "allowed": self.allowed}


@keras.saving.register_keras_serializable("kerasseq")
class CRFLoss(keras.losses.Loss):
    """The negative log-likelihood of the tags of a batch, for each real word.

    L = -sum_n log p(y_n | x_n) / sum_n length_n

    Padding is where the label is 0. A `sample_weight`, (batch,), weighs sentences in both sums.

    Args:
        name: The loss' name.
    Call arguments:
        y_true: Tags, (batch, time), int.
        y_pred: Potentials, from `CRF`, (batch, time, tags, tags).
        sample_weight: Weight of every sentence, or None.
    Returns:
        The loss, without axes; 0 where nothing counts.
    Reference:
        Lample et al. 2016, section 2.2, https://aclanthology.org/N16-1030
    """

    def __init__(self, *, name: str = "crf_loss", dtype: Any = None):
        super().__init__(name=name, reduction="mean_with_sample_weight", dtype="float32")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return ops.divide_no_nan(*self.parts(y_true, y_pred, sample_weight))

    def parts(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """The sum and the count, whose quotient the loss is; of several batches, both add up."""
        lengths = ops.sum(ops.cast(ops.not_equal(y_true, PAD_ID), "float32"), axis=1)
        losses = self.call(y_true, y_pred)  # (batch,)
        if sample_weight is not None:
            weights = ops.cast(sample_weight, "float32")
            losses, lengths = losses * weights, lengths * weights
        return ops.sum(losses), ops.sum(lengths)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """-log p(y | x) of each sentence, (batch,)."""
        return -chain_log_probability(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


def chain_log_probability(tags: Any, potentials: Any) -> Any:
    """log p(y | x) of each sentence, (batch,); padding is where the tag is 0."""
    mask = ops.not_equal(tags, PAD_ID)
    return chain_score(potentials, tags, mask) - log_normalizer(potentials, mask)
