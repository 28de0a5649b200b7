"""Cross-entropy of token sequences, per real token."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import PAD_ID, Rate, check_arguments

LEAST_PROBABILITY = 1e-30  # float32 has no full precision below 1e-38


@keras.saving.register_keras_serializable(package="kerasseq")
class MaskedCrossEntropy(keras.losses.Loss):
    """Mean cross-entropy over the real tokens of a batch.

    Padding is where the label is 0: it is neither in the sum nor in the count, so that a batch has the same
    loss and gradient however far it is padded. A `sample_weight`, (batch,) or (batch, time), weighs tokens
    in both. The mask that Keras attaches to outputs is not read. Computed in float32, whatever the logits
    are.

    Args:
        label_smoothing: Share of the target's probability that is spread evenly over the vocabulary.
        name: The loss' name.
    Call arguments:
        y_true: Token ids, (batch, time), int.
        y_pred: Logits, (batch, time, vocabulary).
        sample_weight: Weight of every example or of every token, or None.
    Returns:
        The loss, without axes; 0 where nothing counts.
    Raises:
        ValueError: If `label_smoothing` is out of its range.
    Reference:
        Szegedy et al. 2016, section 7, https://arxiv.org/abs/1512.00567
    """

    def __init__(self, *, label_smoothing: Rate = 0.0, name: str = "masked_cross_entropy", dtype: Any = None):
        check_arguments(MaskedCrossEntropy.__init__, label_smoothing=label_smoothing)
        super().__init__(name=name, reduction="mean_with_sample_weight", dtype="float32")
        self.label_smoothing = label_smoothing

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return ops.divide_no_nan(*self.parts(y_true, y_pred, sample_weight))

    def parts(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """The sum and the count, whose quotient the loss is; of several batches, both add up."""
        weights = ops.cast(ops.not_equal(y_true, PAD_ID), "float32")  # (batch, time)
        if sample_weight is not None:
            sample_weight = ops.cast(sample_weight, "float32")
            is_per_token = len(sample_weight.shape) > 1
            weights = weights * (sample_weight if is_per_token else sample_weight[:, None])
        return ops.sum(self.call(y_true, y_pred) * weights), ops.sum(weights)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The cross-entropy of each token, (batch, time), 0 at padding."""
        losses = token_cross_entropy(y_true, y_pred, label_smoothing=self.label_smoothing)
        return ops.where(ops.not_equal(y_true, PAD_ID), losses, 0.0)

    def get_config(self) -> dict[str, Any]:
        return {"label_smoothing": self.label_smoothing, "name": self.name}


def token_cross_entropy(labels: Any, logits: Any, *, label_smoothing: float = 0.0) -> Any:
    """Cross-entropy of each token, smoothed, with a gradient that reuses the forward pass' softmax.

    loss = log(sum(exp(z))) - (1 - e) z_y - e mean(z)        d loss / d z = softmax(z) - (1 - e) onehot(y) -
    e / V

    Args:
        labels: Token ids, of any shape, int.
        logits: z, the shape of `labels` and (vocabulary,) behind it.
        label_smoothing: e, from 0 up to 1.
    Returns:
        The shape of `labels`, float32.
    """
    vocabulary_size = logits.shape[-1]
    flat_labels = ops.reshape(ops.cast(labels, "int32"), (-1,))
    flat_logits = ops.cast(ops.reshape(logits, (-1, vocabulary_size)), "float32")
    rows = ops.arange(ops.shape(flat_labels)[0], dtype="int32")
    places = rows * vocabulary_size + flat_labels  # of each label's number in the flattened table
    spread = label_smoothing / vocabulary_size

    @ops.custom_gradient
    def cross_entropy(logits: Any) -> Any:
        probabilities = ops.softmax(logits, axis=-1)
        of_labels = ops.take(ops.reshape(logits, (-1,)), places)
        normalizer = _normalizer(logits, probabilities, of_labels, places)
        losses = normalizer - (1 - label_smoothing) * of_labels
        if label_smoothing:
            losses = losses - label_smoothing * ops.mean(logits, axis=-1)

        def gradient(*args: Any, upstream: Any = None) -> Any:
            upstream = args[0] if upstream is None else upstream  # (rows,)
            slope = probabilities * upstream[:, None]
            if label_smoothing:
                slope = slope - (spread * upstream)[:, None]
            of_labels = ops.take(ops.reshape(probabilities, (-1,)), places)
            of_labels = (of_labels - (1 - label_smoothing) - spread) * upstream
            return ops.scatter_update(slope, ops.stack([rows, flat_labels], axis=1), of_labels)

        return losses, gradient

    return ops.reshape(cross_entropy(flat_logits), ops.shape(labels))


def _normalizer(logits: Any, probabilities: Any, of_labels: Any, places: Any) -> Any:
    """log(sum(exp(z))) of each row, (rows,), from any of its entries: z_i - log(softmax(z)_i).

    The label's entry costs no pass over the table. Where one is too improbable for its logarithm, the largest
    is taken, whose probability is at least 1 / vocabulary.
    """
    label_probabilities = ops.take(ops.reshape(probabilities, (-1,)), places)
    return ops.cond(
        ops.all(label_probabilities > LEAST_PROBABILITY),
        lambda: of_labels - ops.log(label_probabilities),
        lambda: ops.max(logits, axis=-1) - ops.log(ops.max(probabilities, axis=-1)),
    )
