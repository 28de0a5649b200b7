"""Which of two values of a log is the better one."""

from __future__ import annotations

import math

LOWER_IS_BETTER = (
    "loss",
    "perplexity",
    "bits_per_character",
    "error",
    "error_rate",
    "repetition",
    "ter",
    "wer",
    "cer",
    "mae",
    "mse",
    "rmse",
    "mape",
    "smape",
)


def lower_is_better(name: str) -> bool:
    """Whether a log is better low; losses, perplexities and errors are."""
    return any(name == word or name.endswith(f"_{word}") for word in LOWER_IS_BETTER)


def is_better(name: str, value: float, than: float) -> bool:
    """Whether a value of a log is better than another; anything is better than no number."""
    if math.isnan(than):
        return not math.isnan(value)
    return value < than if lower_is_better(name) else value > than
