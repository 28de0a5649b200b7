"""Dates as people write them, as seconds since 1970 without a time zone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np

from kerasseq.data.faults import data_error

EPOCH = datetime(1970, 1, 1)
SECOND = r"(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?"
CLOCK = rf"(?:[T ]\s*(?P<hour>\d{{1,2}})[:.](?P<minute>\d{{2}}){SECOND}\s*(?P<half>[AaPp][Mm])?)?"
SHORT_CLOCK = r"(?:[T ]?(?P<hour>\d{2}):?(?P<minute>\d{2}):?(?P<second>\d{2})?)?"
ZONE = r"\s*(?P<zone>Z|[+-]\d{2}:?\d{2})?"
PATTERNS = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?P<year>\d{{4}})([-/.])(?P<month>\d{{1,2}})\2(?P<day>\d{{1,2}}){CLOCK}{ZONE}",
        rf"(?P<first>\d{{1,2}})([-/.])(?P<other>\d{{1,2}})\2(?P<year>\d{{4}}|\d{{2}}){CLOCK}{ZONE}",
        r"(?P<year>\d{4})[-/.](?P<month>\d{1,2})",
        r"(?P<month>\d{1,2})[-/.](?P<year>\d{4})",
        r"(?P<year>\d{4})[- ]?[Qq](?P<quarter>[1-4])",
        rf"(?P<year>\d{{4}})(?P<month>\d{{2}})(?P<day>\d{{2}}){SHORT_CLOCK}",
        r"(?P<seconds>\d{9,10})(?:\.\d+)?",
        r"(?P<milliseconds>\d{12,13})",
        r"(?P<year>\d{4})",
    )
)
PARTS = ("year", "month", "day", "hour", "minute", "second")
SMALLEST = dict(zip(PARTS, (1, 1, 1, 0, 0, 0), strict=True))
MOST_MONTHS = 12
CENTURY = 69  # of two digits, those from here on are of the last century, as `strptime` has it
UNKNOWN = "the date {text!r} is in no format that is known"
KNOWN = "2016-07-01 00:00:00, 01.07.2016, 07/01/2016 1:00 PM, 2016-07, 20160701, seconds since 1970"


class Dates(NamedTuple):
    """Dates of a column: seconds since 1970, (rows,) int64, and for rows that hold none what is wrong."""

    seconds: np.ndarray
    problems: dict[int, str]


def parse_dates(columns: Sequence[Sequence[str]], *, date_format: str | None = None) -> Dates:
    """Reads dates that stand in one column, or in parts in several.

    Several columns are year, month, day, hour, minute and second, in this order, where all are numbers; else
    their texts are read in a row, as a date and a time. Whether 01/02/2016 begins with the day is told from
    the whole column. A time zone that is the same everywhere is dropped, others are brought to UTC.

    Args:
        columns: The texts, a list for each column.
        date_format: As Python's `strptime` takes it; null: any of the usual ones.
    Raises:
        DataError: If it cannot be told where the day stands.
    """
    if date_format is None and len(columns) > 1 and _are_parts([column[0] for column in columns if column]):
        return _gathered(_of_parts(texts) for texts in zip(*columns, strict=True))
    texts = [" ".join(part.strip() for part in parts) for parts in zip(*columns, strict=True)]
    if date_format is not None:
        return _gathered(_formatted(text, date_format) for text in texts)
    found = [_groups(text) for text in texts]
    is_day_first = _is_day_first(texts, found)
    zones = {parts["zone"] for parts in found if parts and "zone" in parts}
    return _gathered(
        _of_groups(text, parts, is_day_first, len(zones) > 1)
        for text, parts in zip(texts, found, strict=True)
    )


def _gathered(rows: object) -> Dates:
    seconds, problems = [], {}
    for row, found in enumerate(rows):
        if isinstance(found, str):
            problems[row] = found
        seconds.append(0 if isinstance(found, str) else found)
    return Dates(np.array(seconds, np.int64), problems)


def _are_parts(texts: Sequence[str]) -> bool:
    return all(re.fullmatch(r"\s*\d{1,4}(\.0)?\s*", text) for text in texts)


def _of_parts(texts: Sequence[str]) -> int | str:
    given = dict(zip(PARTS, texts, strict=False))
    try:
        return _seconds({**SMALLEST, **{name: int(float(text)) for name, text in given.items()}})
    except ValueError as error:
        return f"{', '.join(map(repr, texts))} is no {', '.join(given)}: {error}"


def _formatted(text: str, date_format: str) -> int | str:
    try:
        return _since(datetime.strptime(text, date_format).replace(tzinfo=None))
    except ValueError:
        return f"the date {text!r} is not in the format {date_format!r}"


def _groups(text: str) -> dict[str, str] | None:
    for pattern in PATTERNS:
        if match := pattern.fullmatch(text):
            return match.groupdict()
    return None


def _is_day_first(texts: Sequence[str], found: Sequence[dict[str, str] | None]) -> bool:
    """Whether 01/02/2016 is the first of February; with dots it always is."""
    both = [(parts, text) for parts, text in zip(found, texts, strict=True) if parts and parts.get("first")]
    if not both or "." in re.sub(r"[T ].*", "", both[0][1]):
        return True
    is_first = any(int(parts["first"]) > MOST_MONTHS for parts, _ in both)
    is_other = any(int(parts["other"]) > MOST_MONTHS for parts, _ in both)
    if is_first == is_other:
        why = "both numbers are above 12 somewhere" if is_first else "no number is above 12"
        message = f"whether dates such as {both[0][1]!r} begin with the day cannot be told: {why}"
        raise data_error(message, fix="set `data.source.date_format`, such as %d/%m/%Y or %m/%d/%Y")
    return is_first


def _of_groups(text: str, parts: dict[str, str] | None, is_day_first: bool, is_shifted: bool) -> int | str:
    if parts is None:
        return f"{UNKNOWN.format(text=text)}, such as {KNOWN}"
    if given := parts.get("seconds"):
        return int(given)
    if given := parts.get("milliseconds"):
        return int(given) // 1000
    numbers = {name: int(parts[name]) for name in PARTS if parts.get(name)}
    if parts.get("first"):
        names = ("day", "month") if is_day_first else ("month", "day")
        numbers |= dict(zip(names, (int(parts["first"]), int(parts["other"])), strict=True))
    if len(parts["year"]) == 2:
        numbers["year"] += 1900 if numbers["year"] >= CENTURY else 2000
    if parts.get("quarter"):
        numbers["month"] = 3 * int(parts["quarter"]) - 2
    if parts.get("half"):
        numbers["hour"] = numbers["hour"] % 12 + 12 * (parts["half"].lower() == "pm")
    try:
        seconds = _seconds({**SMALLEST, **numbers})
    except ValueError as error:
        return f"the date {text!r} is none: {error}"
    return seconds - _offset(parts.get("zone")) * is_shifted


def _offset(zone: str | None) -> int:
    """The seconds that `+01:00` is before UTC."""
    if zone in (None, "Z"):
        return 0
    size = int(zone[1:3]) * 3600 + int(zone[-2:]) * 60
    return -size if zone[0] == "-" else size


def _seconds(parts: dict[str, int]) -> int:
    """Hour 24 is the next day's first, as some sources write it."""
    for name, end in (("hour", 25), ("minute", 60), ("second", 60)):
        if parts[name] >= end:
            raise ValueError(f"{name} must be below {end}")
    day = _since(datetime(parts["year"], parts["month"], parts["day"]))
    return day + parts["hour"] * 3600 + parts["minute"] * 60 + parts["second"]


def _since(date: datetime) -> int:
    return (date - EPOCH) // timedelta(seconds=1)


def written(seconds: int | np.ndarray) -> str | list[str]:
    """`2016-07-01 13:00:00`, without what is zero in all of them: `2016-07-01`."""
    moments = np.atleast_1d(np.asarray(seconds, np.int64)).astype("datetime64[s]")
    unit = "s" if np.any(moments.astype(np.int64) % 60) else "m"
    unit = "D" if not np.any(moments.astype(np.int64) % 86400) else unit
    texts = [text.replace("T", " ") for text in np.datetime_as_string(moments, unit=unit).tolist()]
    return texts if np.ndim(seconds) else texts[0]
