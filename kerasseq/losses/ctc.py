"""Connectionist temporal classification: a loss of transcripts whose timing nobody wrote down."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import PAD_ID

BLANK_ID = PAD_ID
NEVER = -1e30  # the logarithm of no chance: finite, so that differences of two are numbers
IMPOSSIBLE = -1e8  # no transcript that fits is as unlikely


@keras.saving.register_keras_serializable(package="kerasseq")
class CTCLoss(keras.losses.Loss):
    """Minus the log-probability of transcripts, summed over all their alignments, per token.

    p(y | z) = sum over the alignments a of y of prod_t softmax(z_t)[a_t]

    An alignment has a token or a blank for every frame; what it says is left when repetitions are merged and
    blanks are dropped. The blank is id 0, which is padding in labels. Frames behind the end of a recording
    are certain blanks, as `FrameScores` makes them, and change nothing: no lengths are needed. A transcript
    that does not fit into its frames counts neither in the sum nor in the number of tokens. Computed in
    float32.

    Args:
        name: The loss' name.
    Call arguments:
        y_true: Token ids, (batch, target_time), int, padded with 0 on the right.
        y_pred: Logits, z, (batch, frames, vocabulary).
        sample_weight: Weight of every example, (batch,), or None.
    Returns:
        The loss, without axes; 0 where nothing counts.
    Reference:
        Graves et al. 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf
    """

    def __init__(self, *, name: str = "ctc", dtype: Any = None):
        super().__init__(name=name, reduction="mean_with_sample_weight", dtype="float32")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        return ops.divide_no_nan(*self.parts(y_true, y_pred, sample_weight))

    def parts(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> tuple[Any, Any]:
        """The sum and the count, whose quotient the loss is; of several batches, both add up."""
        log_probabilities = ctc_log_probability(y_true, y_pred)  # (batch,)
        is_possible = log_probabilities > IMPOSSIBLE
        weights = ops.cast(is_possible, "float32")
        if sample_weight is not None:
            weights = weights * ops.reshape(ops.cast(sample_weight, "float32"), (-1,))
        losses = -ops.where(is_possible, log_probabilities, 0.0)
        return ops.sum(losses * weights), ops.sum(weights * num_labels(y_true))

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Minus the log-probability of each transcript, (batch,)."""
        return -ctc_log_probability(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name}


def num_labels(labels: Any) -> Any:
    """The tokens of each transcript, (batch,) float32, for the mean; an empty one counts as one token."""
    return ops.maximum(ops.sum(ops.cast(ops.not_equal(labels, PAD_ID), "float32"), axis=1), 1.0)


def ctc_log_probability(labels: Any, logits: Any) -> Any:
    """The log-probability of each transcript, with a gradient from the forward-backward algorithm.

    d log p / d z_t[k] = gamma_t(k) - softmax(z_t)[k]

    where gamma_t(k) is the share of the alignments' probability that has k at frame t.

    Args:
        labels: Token ids, (batch, target_time), int, padded with 0 on the right.
        logits: z, (batch, frames, vocabulary).
    Returns:
        (batch,) float32; below `IMPOSSIBLE`, without a gradient, where a transcript does not fit.
    """
    states = _with_blanks(ops.cast(labels, "int32"))  # (batch, states)
    vocabulary_size = logits.shape[-1]

    @ops.custom_gradient
    def log_probability(logits: Any) -> Any:
        log_softmax = ops.log_softmax(logits, axis=-1)
        total, shares = _alignments(states, log_softmax)

        def gradient(*args: Any, upstream: Any = None) -> Any:
            upstream = args[0] if upstream is None else upstream  # (batch,)
            upstream = ops.where(total > IMPOSSIBLE, upstream, 0.0)[:, None, None]
            of_tokens = ops.one_hot(states, vocabulary_size, dtype="float32")
            return (ops.matmul(ops.exp(shares), of_tokens) - ops.exp(log_softmax)) * upstream

        return total, gradient

    return log_probability(ops.cast(logits, "float32"))


def token_frames(labels: Any, logits: Any) -> Any:
    """The frame in which each token of a transcript is likeliest, (batch, target_time) int32.

    Arguments are those of `ctc_log_probability`; at padding it means nothing.
    """
    states = _with_blanks(ops.cast(labels, "int32"))
    _, shares = _alignments(states, ops.log_softmax(ops.cast(logits, "float32"), axis=-1))
    return ops.cast(ops.argmax(shares[:, :, 1::2], axis=1), "int32")


def _alignments(states: Any, log_softmax: Any) -> tuple[Any, Any]:
    """The log-probability of all alignments, and the share of it that is in each state at each frame.

    Args:
        states: From `_with_blanks`, (batch, states).
        log_softmax: (batch, frames, vocabulary).
    Returns:
        (batch,), and the logarithms of the shares, (batch, frames, states).
    """
    last = ops.sum(ops.cast(ops.not_equal(states, BLANK_ID), "int32"), axis=1, keepdims=True) * 2
    rows = ops.broadcast_to(states[:, None], (*ops.shape(log_softmax)[:2], ops.shape(states)[1]))
    emitted = ops.transpose(ops.take_along_axis(log_softmax, rows, axis=2), (1, 0, 2))
    forward, backward = _both_ways(emitted, states, last)  # (frames, batch, states)
    before = ops.where(last > 0, _at(forward[-1], ops.maximum(last - 1, 0)), NEVER)
    total = _log_sum_exp(_at(forward[-1], last), before)  # (batch, 1)
    shares = ops.minimum(forward + backward - emitted - total, 0.0)
    return total[:, 0], ops.transpose(shares, (1, 0, 2))


def _with_blanks(labels: Any) -> Any:
    """A blank before, between and behind the labels: (batch, n) -> (batch, 2 n + 1)."""
    pairs = ops.stack([ops.full_like(labels, BLANK_ID), labels], axis=-1)  # (batch, n, 2)
    flat = ops.reshape(pairs, (ops.shape(labels)[0], 2 * ops.shape(labels)[1]))
    return ops.concatenate([flat, ops.full_like(flat[:, :1], BLANK_ID)], axis=1)


def _both_ways(emitted: Any, states: Any, last: Any) -> tuple[Any, Any]:
    """Log-probabilities of all that is before and behind each state at each frame, its own included.

    The way back is the way forth over the row turned round, so that one loop goes both.

    Args:
        emitted: Log-probabilities of the states' tokens, (frames, batch, states).
        states: Tokens and blanks, (batch, states).
        last: The last state of each row, (batch, 1).
    """
    places = ops.arange(ops.shape(states)[1], dtype="int32")[None]
    turned = ops.where(places <= last, last - places, places)  # padding stays behind the row
    turn = ops.broadcast_to(turned[None], ops.shape(emitted))
    both = ops.concatenate([emitted, ops.take_along_axis(ops.flip(emitted, 0), turn, axis=2)], axis=1)
    found = _forward(both, ops.concatenate([states, _at(states, turned)], axis=0))
    forward, backward = ops.split(found, 2, axis=1)
    backward = ops.take_along_axis(ops.flip(backward, 0), turn, axis=2)
    is_real = (places <= last)[None]
    return ops.where(is_real, forward, NEVER), ops.where(is_real, backward, NEVER)


def _forward(emitted: Any, states: Any) -> Any:
    """alpha_t(s) = (alpha_t-1(s) + alpha_t-1(s - 1) + alpha_t-1(s - 2)) y_t(s), in logarithms.

    The last term is for tokens alone, and for those that are not the one before again.
    """
    two_before = ops.pad(states, ((0, 0), (2, 0)))[:, : ops.shape(states)[1]]
    may_skip = ops.logical_and(ops.not_equal(states, BLANK_ID), ops.not_equal(states, two_before))

    def step(before: Any, now: Any) -> tuple[Any, Any]:
        width = ops.shape(before)[1]
        padded = ops.pad(before, ((0, 0), (2, 0)), constant_values=NEVER)
        skipped = ops.where(may_skip, padded[:, :width], NEVER)
        after = ops.maximum(_log_sum_exp(before, padded[:, 1 : width + 1], skipped) + now, NEVER)
        return after, after

    places = ops.arange(ops.shape(states)[1], dtype="int32")
    # Before the first frame stands a state that only the first blank and the first token follow.
    first = ops.maximum(ops.where(places < 2, emitted[0], NEVER), NEVER)
    _, rest = ops.scan(step, first, emitted[1:])
    return ops.concatenate([first[None], rest], axis=0)


def _log_sum_exp(*parts: Any) -> Any:
    largest = parts[0]
    for part in parts[1:]:
        largest = ops.maximum(largest, part)
    return largest + ops.log(sum(ops.exp(part - largest) for part in parts))


def _at(values: Any, places: Any) -> Any:
    return ops.take_along_axis(values, places, axis=1)
