"""Transcripts as people read them, and for a report what was heard when."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from kerasseq.losses.ctc import token_frames
from kerasseq.specs import END_ID, Hypotheses

MOST_COLUMNS = 240
MOST_ROWS = 64
DARKEST, LIGHTEST = -2.0, 2.5  # of features with mean 0 and variance 1


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
        "spectrogram": _picture(_scaled(features[:, :MOST_ROWS], DARKEST, LIGHTEST)),
        "tokens": [words[token] for token in tokens],
    }
    num_frames = max(int(answers["num_frames"][row]), 1)
    if "token_frames" in answers:
        frames = answers["token_frames"][row, : len(tokens)]
        shown["seconds"] = [round((int(frame) + 0.5) / num_frames * seconds, 3) for frame in frames]
    elif tokens:
        weights = answers["attention"][row, 0, : len(tokens), :num_frames].astype("float64")
        shown["weights"] = _picture(_scaled(weights.T, 0.0, max(float(weights.max()), 1e-9)))
    return shown


def _scaled(values: np.ndarray, low: float, high: float) -> np.ndarray:
    return np.rint(255 * np.clip((values - low) / (high - low), 0.0, 1.0))


def _picture(values: np.ndarray) -> dict[str, Any]:
    """(columns, rows) from 0 to 255 as base64, column by column; few enough columns for a page."""
    step = max(-(-len(values) // MOST_COLUMNS), 1)
    starts = np.arange(0, len(values), step)
    sums = np.add.reduceat(values, starts, axis=0) if len(values) else values
    counts = np.diff(np.append(starts, len(values)))[:, None]
    content = np.rint(sums / np.maximum(counts, 1)).astype(np.uint8)
    return {
        "columns": content.shape[0],
        "rows": content.shape[1],
        "bytes": base64.b64encode(content).decode(),
    }
