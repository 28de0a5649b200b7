"""What a date says of itself: where it stands in the hour, day, week, month and year."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import tensorflow as tf

from kerasseq.data.series.steps import DAY, Step

Signal = Literal["minute", "hour", "weekday", "day", "month", "year_day"]
PERIODS = {"minute": 60, "hour": 24, "weekday": 7, "day": 31, "month": 12, "year_day": 365.25}
ERA = 146097  # days in 400 years
TO_MARCH = 719468  # days from March 1 of the year 0 to 1970


def calendar_signals(seconds: tf.Tensor, signals: Sequence[str]) -> tf.Tensor:
    """Sine and cosine of each signal: the hour 23 is as near to 0 as to 22.

    Args:
        seconds: Since 1970, int64, of any shape.
        signals: Keys of `PERIODS`.
    Returns:
        The same shape with 2 * signals behind it, float32.
    """
    days, of_day = seconds // DAY, seconds % DAY
    year, month, day = civil(days)
    values = {
        "minute": of_day // 60 % 60,
        "hour": of_day // 3600,
        "weekday": (days + 3) % 7,  # 1970 began with a Thursday
        "day": day - 1,
        "month": month - 1,
        "year_day": days - days_of(year, tf.ones_like(month), tf.ones_like(day)),
    }
    found = []
    for signal in signals:
        angle = tf.cast(values[signal], tf.float32) * (2 * math.pi / PERIODS[signal])
        found += [tf.sin(angle), tf.cos(angle)]
    return tf.stack(found, axis=-1)


def dates_after(seconds: tf.Tensor, steps: tf.Tensor, step: Step) -> tf.Tensor:
    """`Step.after` in the graph: dates (batch,) and steps (time,), int64, to dates (batch, time)."""
    if step.seconds:
        return seconds[:, None] + steps * step.seconds
    days, of_day = seconds[:, None] // DAY, seconds[:, None] % DAY
    year, month, day = civil(days)
    is_last = tf.not_equal(civil(days + 1)[1], month)
    months = year * 12 + month - 1 + steps * step.months
    year, month = months // 12, months % 12 + 1
    first = days_of(year, month, tf.ones_like(month))
    following = days_of((months + 1) // 12, (months + 1) % 12 + 1, tf.ones_like(month))
    length = following - first
    day = tf.where(is_last, length, tf.minimum(day, length))
    return (first + day - 1) * DAY + of_day


def civil(days: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Year, month and day of days since 1970, for the whole calendar counted in eras of 400 years."""
    shifted = days + TO_MARCH
    era, of_era = shifted // ERA, shifted % ERA
    years = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * years + years // 4 - years // 100)  # from March 1
    place = (5 * of_year + 2) // 153
    month = tf.where(place < 10, place + 3, place - 9)
    year = years + era * 400 + tf.cast(month <= 2, days.dtype)
    return year, month, of_year - (153 * place + 2) // 5 + 1


def days_of(year: tf.Tensor, month: tf.Tensor, day: tf.Tensor) -> tf.Tensor:
    """Days since 1970 of a year, month and day."""
    year = year - tf.cast(month <= 2, year.dtype)
    era, of_era = year // 400, year % 400
    of_year = (153 * tf.where(month > 2, month - 3, month + 9) + 2) // 5 + day - 1
    return era * ERA + of_era * 365 + of_era // 4 - of_era // 100 + of_year - TO_MARCH
