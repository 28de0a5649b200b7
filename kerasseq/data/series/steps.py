"""From one row of a series to the next: a number of seconds, or of calendar months."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

DAY = 86400
UNITS = (("week", 7 * DAY), ("day", DAY), ("hour", 3600), ("minute", 60), ("second", 1))
SEASON_OF_SECONDS = {3600: 24, DAY: 7, 7 * DAY: 52}
SEASON_OF_MONTHS = {1: 12, 3: 4}


class Step(NamedTuple):
    """The time between two rows: of `seconds` and `months` one is 0."""

    seconds: int = 0
    months: int = 0

    def __str__(self) -> str:
        if self.months:
            return _many(self.months // 12, "year") if self.months % 12 == 0 else _many(self.months, "month")
        unit, size = next((unit, size) for unit, size in UNITS if self.seconds % size == 0)
        return _many(self.seconds // size, unit)

    @property
    def season(self) -> int:
        """The rows of a season that comes with the step: a day's of hours, a week's of days; else 1."""
        if self.months:
            return SEASON_OF_MONTHS.get(self.months, 1)
        if self.seconds < 3600 and DAY % self.seconds == 0:
            return DAY // self.seconds
        return SEASON_OF_SECONDS.get(self.seconds, 1)

    def place(self, first: int, seconds: np.ndarray) -> np.ndarray:
        """How many steps each date is behind the first; -1 for one that is none or between two of them."""
        seconds = np.asarray(seconds, np.int64)
        if self.seconds:
            whole, rest = np.divmod(seconds - first, self.seconds)
            return np.where((rest == 0) & (whole >= 0), whole, -1)
        months = months_of(seconds) - months_of(np.array([first]))
        whole = months // self.months
        is_there = (whole >= 0) & (self.after(first, np.maximum(whole, 0)) == seconds)
        return np.where(is_there, whole, -1)

    def after(self, first: int | np.ndarray, steps: np.ndarray) -> np.ndarray:
        """The dates so many steps behind the first; of months that are too short, the last day."""
        first, steps = np.asarray(first, np.int64), np.asarray(steps, np.int64)
        if self.seconds:
            return first + steps * self.seconds
        month = (months_of(first) + steps * self.months).astype("datetime64[M]")
        days = (month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")
        is_last = months_of(first + DAY) != months_of(first)
        wanted = day_of_month(first)
        day = np.where(is_last, days.astype(np.int64), np.minimum(wanted, days.astype(np.int64)))
        return (month.astype("datetime64[D]").astype(np.int64) + day - 1) * DAY + first % DAY


def months_of(seconds: np.ndarray) -> np.ndarray:
    """Months since January 1970."""
    return np.asarray(seconds, np.int64).astype("datetime64[s]").astype("datetime64[M]").astype(np.int64)


def day_of_month(seconds: np.ndarray) -> np.ndarray:
    """1 to 31."""
    moments = np.asarray(seconds, np.int64).astype("datetime64[s]")
    return (moments.astype("datetime64[D]") - moments.astype("datetime64[M]")).astype(np.int64) + 1


def step_of(series: Sequence[np.ndarray]) -> Step | None:
    """The step of series: the difference that is there most often, the smaller one of two.

    Args:
        series: The dates of each, rising.
    Returns:
        None where no series has two dates.
    """
    dates = [one for one in series if len(one) > 1]
    if not dates:
        return None
    months = [months_of(one) for one in dates]
    if all(_is_of_months(one) for one in dates) and all((np.diff(one) > 0).all() for one in months):
        return Step(months=_mode(np.concatenate([np.diff(one) for one in months])))
    return Step(seconds=_mode(np.concatenate([np.diff(one) for one in dates])))


def _is_of_months(seconds: np.ndarray) -> bool:
    """Whether all dates are of one day of the month, or of the last one."""
    is_last = months_of(seconds + DAY) != months_of(seconds)
    day = day_of_month(seconds)
    return bool(is_last.all() or (day == day[0]).all())


def _mode(values: np.ndarray) -> int:
    found, counts = np.unique(values, return_counts=True)
    return int(found[np.argmax(counts)])


def _many(number: int, unit: str) -> str:
    return f"{number} {unit}{'' if number == 1 else 's'}"
