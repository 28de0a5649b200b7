"""From values to places on an axis, with round numbers at the ticks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kerasseq.report import formatting

WIDE = 100.0  # from this quotient of largest and smallest value, an axis counts in powers of ten

NEAR_ZERO = 0.5
MOST_TICKS = 5


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    place: float
    label: str


class Scale:
    """Maps values to places from `start` to `end`, both in the picture's units.

    Args:
        values: What is to be shown; finite.
        start: The place of the smallest value.
        end: The place of the largest value.
        may_be_logarithmic: Whether widely spread positive values are shown in powers of ten.
        from_zero: Whether the axis begins at 0, unless it counts in powers of ten.
        rounded: Whether the axis is widened to round numbers, and to 0 where the values come near.
        whole: Whether ticks stand at whole numbers only.
    """

    def __init__(
        self,
        values: Sequence[float],
        *,
        start: float,
        end: float,
        may_be_logarithmic: bool = False,
        from_zero: bool = False,
        rounded: bool = False,
        whole: bool = False,
    ):
        low, high = min(values), max(values)
        self.is_logarithmic = may_be_logarithmic and low > 0 and high / low >= WIDE
        if not self.is_logarithmic and (from_zero or (rounded and 0 <= low < high * NEAR_ZERO)):
            low = min(low, 0.0)
        if low == high:
            room = (abs(low) or 1.0) * 0.1
            low, high = low - room, high + room
        self.start, self.end, self.whole = start, end, whole
        if self.is_logarithmic:
            low, high = math.log10(low), math.log10(high)
        elif rounded:
            step = _round_step((high - low) / MOST_TICKS)
            low, high = math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step
        self.low, self.high = low, high

    def __call__(self, value: float) -> float:
        value = math.log10(value) if self.is_logarithmic else value
        return round(self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start), 1)

    def ticks(self, most: int = MOST_TICKS) -> list[Tick]:
        """At most about `most` ticks inside the axis."""
        if self.is_logarithmic:
            powers = range(math.ceil(self.low - 1e-9), math.floor(self.high + 1e-9) + 1)
            values = [10.0**power for power in powers][:: max(1, math.ceil(len(powers) / most))]
            return [Tick(self(value), _short(value)) for value in values]
        step = _round_step((self.high - self.low) / most)
        step = max(float(math.ceil(step)), 1.0) if self.whole else step
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [Tick(self(count * step), _label(count * step, step)) for count in range(first, last + 1)]


def _round_step(rough: float) -> float:
    """The next of 1, 2, 2.5, 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= rough * 0.999), 10 * power)


def _label(value: float, step: float) -> str:
    if abs(value) < step / 1e6:
        return "0"
    if abs(value) >= 10_000:
        return _short(value)
    if abs(value) < 1e-3:
        return f"{value:.2g}"
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    has_half = abs(step * 10**digits - round(step * 10**digits)) > 1e-6
    return f"{value:,.{digits + has_half}f}"


def _short(value: float) -> str:
    return formatting.short(value).replace(".0 ", " ")
