"""The likeliest alignment of a recording, frame by frame."""

from __future__ import annotations

from typing import Any

from keras import ops

from kerasseq.decode.frames import BLANK_ID, frame_log_probabilities
from kerasseq.registry import register
from kerasseq.specs import Hypotheses

MODELS = ("speech_recognizer",)


@register("decode")
class CTCGreedy:
    """The likeliest token or blank of every frame, repetitions merged and blanks dropped.

    It finds the best alignment, which need not be one of the likeliest transcript: see `ctc_beam`.

    Call arguments:
        logits: (batch, frames, vocabulary), certain blanks behind the end of a recording; see
            `kerasseq.layers.frame_scores`.
    Returns:
        `Hypotheses` with n_best 1 and time `frames`; the score is the log-probability of the alignment.
    Reference:
        Graves et al. 2006, section 3.2 (best path decoding), https://www.cs.toronto.edu/~graves/icml_2006.pdf
    """

    quick = "ctc_greedy"

    def __call__(self, logits: Any) -> Hypotheses:
        log_probabilities = frame_log_probabilities(logits)
        best = ops.cast(ops.argmax(log_probabilities, axis=-1), "int32")  # (batch, frames)
        before = ops.concatenate([ops.full_like(best[:, :1], BLANK_ID), best[:, :-1]], axis=1)
        is_token = ops.logical_and(ops.not_equal(best, BLANK_ID), ops.not_equal(best, before))
        num_frames = ops.shape(best)[1]
        frames = ops.arange(num_frames, dtype="int32")
        order = ops.argsort(ops.where(is_token, frames, frames + num_frames), axis=1)  # tokens first
        lengths = ops.sum(ops.cast(is_token, "int32"), axis=1)
        tokens = ops.take_along_axis(best, ops.cast(order, "int32"), axis=1)
        tokens = ops.where(frames < lengths[:, None], tokens, BLANK_ID)
        total = ops.sum(ops.max(log_probabilities, axis=-1), axis=1)[:, None]
        return Hypotheses(tokens[:, None], total, total, lengths[:, None])
