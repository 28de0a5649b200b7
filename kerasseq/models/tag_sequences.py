"""What a tagger's outputs say of tags, whether each is scored for itself or all as a chain."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.chain import tag_marginals, viterbi
from kerasseq.layers.crf import CRFLoss, chain_log_probability
from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy, token_cross_entropy
from kerasseq.specs import PAD_ID, UNKNOWN_ID, Rate

CHAIN_AXES = 4  # (batch, time, tags, tags); logits are (batch, time, tags)


def is_chain(outputs: Any) -> bool:
    """Whether outputs are the potentials of a chain."""
    return len(outputs.shape) == CHAIN_AXES


@keras.saving.register_keras_serializable("kerasseq")
class TagLoss(keras.losses.Loss):
    """The negative log-likelihood of tags per word: `CRFLoss` of potentials, `MaskedCrossEntropy` of logits.

    Args:
        label_smoothing: Of logits; see `MaskedCrossEntropy`.
        name: The loss' name.
    Call arguments:
        y_true: Tags, (batch, time), 0 being padding.
        y_pred: Logits, (batch, time, tags), or potentials, (batch, time, tags, tags).
        sample_weight: Weight of every sentence, or None.
    Raises:
        ValueError: If `label_smoothing` is out of its range.
    """

    def __init__(self, *, label_smoothing: Rate = 0.0, name: str = "tag_loss", dtype: Any = None):
        super().__init__(name=name, reduction="mean_with_sample_weight", dtype="float32")
        self.label_smoothing = label_smoothing
        self._of_logits = MaskedCrossEntropy(label_smoothing=label_smoothing)
        self._of_chain = CRFLoss()

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return ops.divide_no_nan(*self.parts(y_true, y_pred, sample_weight))

    def parts(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """The sum and the count, whose quotient the loss is; of several batches, both add up."""
        loss = self._of_chain if is_chain(y_pred) else self._of_logits
        return loss.parts(y_true, y_pred, sample_weight)

    def get_config(self) -> dict[str, Any]:
        return {"label_smoothing": self.label_smoothing, "name": self.name}


def log_probabilities(tags: Any, outputs: Any) -> Any:
    """log p(tags | words) of each sentence, (batch,); padding is where the tag is 0."""
    if is_chain(outputs):
        return chain_log_probability(tags, outputs)
    losses = token_cross_entropy(tags, outputs)
    return -ops.sum(ops.where(ops.not_equal(tags, PAD_ID), losses, 0.0), axis=1)


def best_tags(outputs: Any, mask: Any) -> tuple[Any, Any]:
    """The likeliest tags and how sure each is.

    Args:
        outputs: Logits or potentials.
        mask: True at real words, (batch, time).
    Returns:
        Tags, (batch, time) int32, never padding or the unknown one, but 0 at padding; and the probability of
        each at its place, (batch, time), 0 at padding.
    """
    outputs = ops.cast(outputs, "float32")
    if is_chain(outputs):
        tags, _ = viterbi(_without_unknown(outputs), mask)
        probabilities = tag_marginals(outputs, mask)
    else:
        tags = ops.cast(ops.argmax(outputs[..., UNKNOWN_ID + 1 :], axis=-1), "int32") + UNKNOWN_ID + 1
        tags = ops.where(mask, tags, PAD_ID)
        probabilities = ops.softmax(outputs, axis=-1)
    chosen = ops.take_along_axis(probabilities, tags[..., None], axis=-1)[..., 0]
    return tags, ops.where(mask, chosen, 0.0)


def _without_unknown(potentials: Any) -> Any:
    """A chain in which no word has the unknown tag."""
    is_unknown = ops.arange(potentials.shape[-1]) == UNKNOWN_ID
    return ops.where(is_unknown, -1e9, potentials)
