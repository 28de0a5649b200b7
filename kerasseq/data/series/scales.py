"""What is learned of the columns of series: scales, statics, and how far a season ago is from now."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np


class Scale(NamedTuple):
    """Scaled values are (raw - shift) / scale; the first row is of all series together.

    shift: (series + 1, columns).
    scale: Alike, never 0.
    """

    shift: np.ndarray
    scale: np.ndarray

    def apply(self, values: np.ndarray, place: int) -> np.ndarray:
        """The raw values of one series, (rows, columns), scaled."""
        return (values - self.shift[place]) / self.scale[place]


class Static(NamedTuple):
    """What series have once, as numbers.

    kinds: For each column its mean and deviation, or its categories.
    vectors: (series + 1, width); the first row is that of series without a name.
    """

    kinds: list[dict[str, Any]]
    vectors: np.ndarray

    def vector(self, texts: Sequence[str]) -> np.ndarray:
        """One series' texts as numbers, (width,); an unknown category is none of those there are."""
        found: list[float] = []
        for kind, text in zip(self.kinds, texts, strict=True):
            if "categories" in kind:
                found += [float(text == category) for category in kind["categories"]]
            else:
                number = _number(text)
                found.append(0.0 if number is None else (number - kind["mean"]) / kind["deviation"])
        return np.array(found, np.float64)

    def as_json(self) -> dict[str, Any]:
        """As plain data."""
        return {"kinds": self.kinds, "vectors": self.vectors.tolist()}

    @classmethod
    def of_json(cls, data: dict[str, Any]) -> Static:
        """From what `as_json` gave."""
        return cls(data["kinds"], np.array(data["vectors"], np.float64))


def learn_scales(kind: str, parts: Sequence[np.ndarray]) -> Scale:
    """Scales of each series, and of all together.

    Args:
        kind: `standard` (mean 0, deviation 1), `minmax` (0 to 1) or `none`.
        parts: The training part of each series, (rows, columns), NaN where a value is missing.
    """
    found = [_scale_of(kind, part) for part in (np.concatenate(list(parts)), *parts)]
    of_all = found[0]
    # A series that begins behind the training part is read as all of them are.
    filled = [
        tuple(np.where(np.isfinite(own), own, common) for own, common in zip(one, of_all, strict=True))
        for one in found
    ]
    shift, scale = (np.nan_to_num(np.stack(column)) for column in zip(*filled, strict=True))
    return Scale(shift, np.where(scale == 0, 1.0, scale))


def _scale_of(kind: str, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    if kind == "none":
        return np.zeros(values.shape[1]), np.ones(values.shape[1])
    if not len(values):
        return (np.full(values.shape[1], np.nan),) * 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a column without any value: NaN
        if kind == "standard":
            return np.nanmean(values, axis=0), np.nanstd(values, axis=0)
        low = np.nanmin(values, axis=0)
        return low, np.nanmax(values, axis=0) - low


def naive_errors(parts: Sequence[np.ndarray], season: int) -> np.ndarray:
    """The mean absolute difference from a season before in the training part, (series + 1, targets).

    It is what MASE divides by; NaN where it is 0 or cannot be known.
    """
    differences = [np.abs(part[season:] - part[:-season]) for part in parts]
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        for part in (np.concatenate(differences), *differences):
            found.append(np.nanmean(part, axis=0) if len(part) else np.full(part.shape[1], np.nan))
    errors = np.stack(found)
    return np.where(errors > 0, errors, np.nan)


def learn_static(columns: Sequence[str], texts: Sequence[Sequence[str]]) -> Static:
    """Numbers of each series' static columns: those of numbers scaled, others a place for each category."""
    kinds: list[dict[str, Any]] = []
    for place, _ in enumerate(columns):
        values = [row[place] for row in texts]
        numbers = [_number(value) for value in values]
        if None in numbers:
            kinds.append({"categories": sorted(set(values))})
        else:
            deviation = float(np.std(numbers))
            kinds.append({"mean": float(np.mean(numbers)), "deviation": deviation or 1.0})
    made = Static(kinds, np.zeros((0, 0)))
    vectors = [made.vector(row) for row in texts] if columns else [np.zeros(0) for _ in texts]
    return Static(kinds, np.stack([np.zeros_like(vectors[0]), *vectors]))


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
