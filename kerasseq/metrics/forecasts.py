"""What metrics of forecasts share: lists of numbers as arrays, and the shape of a metric."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np


def as_arrays(
    predictions: Sequence[Any], references: Sequence[Sequence[Any]]
) -> tuple[np.ndarray, np.ndarray]:
    """Forecasts and what came, (forecasts, horizon, targets) each, NaN where a value is missing.

    Args:
        predictions: For each forecast a number for each step, or for several targets a list of them.
        references: For each forecast a list that holds what came, once.
    Raises:
        ValueError: If there are no predictions, or the two do not match.
    """
    if not len(predictions):
        raise ValueError("`predictions` must not be empty. Received: predictions=[]")
    true = np.array([several[0] for several in references], np.float64)
    predicted = np.array(predictions, np.float64)
    if true.shape != predicted.shape:
        message = "`references` must hold a number for each of `predictions`"
        raise ValueError(f"{message}. Received: shapes {true.shape} and {predicted.shape}")
    return (predicted, true) if true.ndim == 3 else (predicted[..., None], true[..., None])


def facts_of(references: Sequence[Sequence[Any]], name: str) -> np.ndarray:
    """What references know of their series, (forecasts, 1, targets).

    Raises:
        ValueError: If they are plain lists.
    """
    found = [getattr(several[0], name, None) for several in references]
    if None in found:
        raise ValueError(f"`references` must be `Truth`s, which know their `{name}`. Received: plain lists")
    return np.array(found, np.float64)[:, None]


def mean_known(values: np.ndarray) -> float:
    """The mean of what is known; NaN where nothing is."""
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")


class ForecastMetric(ABC):
    """Base of the metrics of forecasts of one number a step.

    Attributes:
        names: What it measures.
        signature: How.
    """

    from_text = True
    names: ClassVar[tuple[str, ...]] | tuple[str, ...]

    def __init__(self):
        self.signature: dict[str, str] = {}

    def __call__(self, predictions: Sequence[Any], references: Sequence[Sequence[Any]]) -> dict[str, float]:
        predicted, true = as_arrays(predictions, references)
        return {self.names[0]: self.measure(predicted, true, references)}

    @abstractmethod
    def measure(self, predicted: np.ndarray, true: np.ndarray, references: Sequence[Sequence[Any]]) -> float:
        """The metric of (forecasts, horizon, targets)."""


class ErrorMetric(ForecastMetric):
    """Base of the metrics of errors, in the units of the data or scaled.

    Args:
        scaled: Divide errors by what the scaler divided values by, as tables of results often do.
    """

    word: ClassVar[str]

    def __init__(self, *, scaled: bool = False):
        super().__init__()
        self.scaled = scaled
        self.names = (f"scaled_{self.word}" if scaled else self.word,)
        if scaled:
            self.signature = {self.names[0]: "divided by the scale of the training part"}

    def errors(
        self, predicted: np.ndarray, true: np.ndarray, references: Sequence[Sequence[Any]]
    ) -> np.ndarray:
        """What was forecast less what came."""
        found = predicted - true
        return found / facts_of(references, "scale") if self.scaled else found
