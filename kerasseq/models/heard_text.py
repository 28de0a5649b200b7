"""Transcripts as people read them, and for a report what was heard when."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasseq.losses.ctc import token_frames
from kerasseq.models.thumbnails import png
from kerasseq.specs import END_ID, Hypotheses

MOST_COLUMNS = 240
MOST_ROWS = 64
QUIET, LOUD = -1.5, 2.5  # of features with mean 0 and variance 1
SMALLEST = 1e-9


def heard(model: keras.Model, audio: Mapping[str, Any], found: Hypotheses) -> dict[str, Any]:
    """What a report shows of transcripts: the features, and for CTC the likeliest frame of each token.

    Args:
        model: Of a speech recognizer.
        audio: The recordings.
        found: What was decoded from them.
    Returns:
        `features` (batch, time, bands), `num_features` and `num_frames`, (batch,), how many are real before
        and behind the encoder; with CTC `token_frames` (batch, time) of the best hypothesis.
    """
    encoder = model.get_layer("encoder")
    features, mask = encoder.features(dict(audio))
    shown = {"features": features, "num_features": ops.sum(ops.cast(mask, "int32"), axis=1)}
    _, frame_mask, _ = encoder(dict(audio))
    shown["num_frames"] = ops.sum(ops.cast(frame_mask, "int32"), axis=1)
    if found.attention is None:
        logits = model(dict(audio), training=False)
        shown["token_frames"] = token_frames(found.tokens[:, 0], logits)
    return shown


def present_heard(
    audio: Mapping[str, Any], answers: Mapping[str, Any], transcript: Any, *, sample_rate: int
) -> Iterator[dict[str, Any]]:
    """For each row the best text, its score and the recording's length; after `heard` what was said when.

    Args:
        audio: The recordings, as NumPy arrays.
        answers: The fields of `Hypotheses` and of `heard`, alike.
        transcript: The feature of the texts.
        sample_rate: Of the recordings, in Hz.
    """
    texts = np.asarray(transcript.decode(answers["tokens"][:, 0]))
    for row, (text, score) in enumerate(zip(texts, answers["scores"][:, 0], strict=True)):
        seconds = float(audio["lengths"][row]) / sample_rate
        shown = {"prediction": text.decode(), "score": round(float(score), 6), "seconds": round(seconds, 3)}
        if "features" in answers:
            shown["heard"] = _heard_when(answers, row, transcript.vocabulary, seconds)
        yield shown


def _heard_when(answers: Mapping[str, Any], row: int, words: list[str], seconds: float) -> dict[str, Any]:
    """The spectrogram, and of each token its time or, where a decoder attends, its weights over time."""
    features = answers["features"][row, : int(answers["num_features"][row])].astype("float64")
    tokens = [int(token) for token in answers["tokens"][row, 0, : int(answers["lengths"][row, 0])]]
    tokens = tokens[:-1] if tokens and tokens[-1] == END_ID else tokens
    shown: dict[str, Any] = {
        "spectrogram": _drawn(features[:, :MOST_ROWS].T[::-1], QUIET, LOUD),  # the lowest band below
        "tokens": [words[token] for token in tokens],
    }
    num_frames = max(int(answers["num_frames"][row]), 1)
    if "token_frames" in answers:
        frames = answers["token_frames"][row, : len(tokens)]
        shown["seconds"] = [round((int(frame) + 0.5) / num_frames * seconds, 3) for frame in frames]
    elif tokens:
        weights = answers["attention"][row, 0, : len(tokens), :num_frames].astype("float64")
        shown["weights"] = _drawn(weights, 0.0, max(float(weights.max()), SMALLEST))
    return shown


def _drawn(values: np.ndarray, low: float, high: float) -> str:
    """(rows, columns) as a picture of few enough columns for a page: the larger, the darker."""
    step = max(-(-values.shape[1] // MOST_COLUMNS), 1)
    starts = np.arange(0, values.shape[1], step)
    widths = np.diff(np.append(starts, values.shape[1]))
    means = np.add.reduceat(values, starts, axis=1) / widths
    shades = np.rint(255 * (1 - np.clip((means - low) / (high - low), 0.0, 1.0))).astype(np.uint8)
    return "data:image/png;base64," + base64.b64encode(png(shades[..., None])).decode("ascii")
