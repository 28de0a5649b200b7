"""Rows with dates as series without holes: one row a step, missing ones included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasseq.data.faults import data_error
from kerasseq.data.series.dates import written
from kerasseq.data.series.steps import Step, step_of

GIVE_MISSING = "set `data.missing` to interpolate or mask"


@dataclass(frozen=True)
class RegularSeries:
    """One series, a row a step.

    Args:
        name: Of the series; empty where there is only one.
        first: The date of its first row, seconds since 1970.
        step: The time between two rows.
        values: (rows, columns) float64, NaN where a value is missing.
        texts: Its static columns.
        num_added: Rows that the file lacks.
    """

    name: str
    first: int
    step: Step
    values: np.ndarray
    texts: tuple[str, ...] = ()
    num_added: int = 0

    def date(self, row: int) -> int:
        """The date of a row, which may lie behind the last one."""
        return int(self.step.after(self.first, np.array(row)))

    def row(self, seconds: int) -> int:
        """The first row at or behind a date."""
        dates = self.step.after(self.first, np.arange(len(self.values)))
        return int(np.searchsorted(dates, seconds))


def on_grid(
    rows: Any,
    *,
    columns: Sequence[str],
    static: Sequence[str] = (),
    num_targets: int,
    missing: str,
    step: Step | None = None,
    keeps_tail: bool = False,
) -> list[RegularSeries]:
    """Sorts the rows of each series by date, and puts missing rows in.

    Args:
        rows: A `SeriesRows`.
        columns: The names of its numbers, those of the targets first.
        static: The names of its texts, which a series has once.
        num_targets: How many columns are targets; rows at the end without any of them are left out.
        missing: `error`, or what is done with missing values.
        step: The time between two rows; told from the dates unless given.
        keeps_tail: Whether rows at the end without a target stay.
    Raises:
        DataError: At a date that stands twice or between two steps, and at a missing value if it is an error.
    """
    groups: dict[str, list[int]] = {}
    for number, group in enumerate(rows.groups):
        groups.setdefault(group, []).append(number)
    ordered = {}
    for name, numbers in groups.items():
        places = np.array(numbers)
        places = places[np.argsort(rows.seconds[places], kind="stable")]
        _check_distinct(rows, places, name)
        ordered[name] = places
    step = step or step_of([rows.seconds[places] for places in ordered.values()])
    if step is None:
        raise data_error("a series needs two rows at least", place=rows.places[0])
    made = []
    for name, places in sorted(ordered.items()):
        if not keeps_tail:
            has_target = np.isfinite(rows.numbers[places, :num_targets]).any(axis=1)
            places = places[: len(places) - int(np.argmax(has_target[::-1])) if has_target.any() else 0]
        if len(places):
            texts = _only_texts(rows, places, static, name)
            made.append(_regular(rows, places, name, texts, step, columns, missing, num_targets, keeps_tail))
    if not made:
        raise data_error("no row has a value to forecast", place=rows.places[0])
    return made


def _regular(
    rows: Any,
    places: np.ndarray,
    name: str,
    texts: tuple[str, ...],
    step: Step,
    columns: Sequence[str],
    missing: str,
    num_targets: int,
    keeps_tail: bool,
) -> RegularSeries:
    seconds = rows.seconds[places]
    where = step.place(int(seconds[0]), seconds)
    if (where < 0).any():
        number = int(places[np.argmax(where < 0)])
        message = f"{written(rows.seconds[number])} is not on the grid of a row every {step}{_of(name)}"
        fix = "bring the series to equal steps, or name its column in `data.source.group`"
        raise data_error(message, place=rows.places[number], fix=fix)
    values = np.full((int(where[-1]) + 1, len(columns)), np.nan)
    values[where] = rows.numbers[places]
    if missing == "error":
        _check_complete(rows, places, where, name, step, columns, num_targets, keeps_tail)
    return RegularSeries(name, int(seconds[0]), step, values, texts, len(values) - len(places))


def _check_distinct(rows: Any, places: np.ndarray, name: str) -> None:
    again = np.flatnonzero(np.diff(rows.seconds[places]) == 0)
    if len(again):
        first, second = places[again[0]], places[again[0] + 1]
        message = (
            f"{written(rows.seconds[second])} stands there twice{_of(name)}, first at {rows.places[first]}"
        )
        fix = "remove one, or name the column that tells series apart in `data.source.group`"
        raise data_error(message, place=rows.places[second], fix=fix)


def _check_complete(
    rows: Any,
    places: np.ndarray,
    where: np.ndarray,
    name: str,
    step: Step,
    columns: Sequence[str],
    num_targets: int,
    keeps_tail: bool,
) -> None:
    gaps = np.flatnonzero(np.diff(where) > 1)
    if len(gaps):
        number, missing = places[gaps[0] + 1], int(where[gaps[0] + 1] - where[gaps[0]] - 1)
        message = (
            f"{missing} row{'s are' if missing > 1 else ' is'} missing before {written(rows.seconds[number])}"
        )
        message += f"{_of(name)}, with a row every {step}"
        raise data_error(message, place=rows.places[number], fix=GIVE_MISSING)
    is_missing = np.isnan(rows.numbers[places])
    if keeps_tail:  # what is asked for may be empty behind the last row that is known
        is_known = ~is_missing[:, :num_targets].all(axis=1)
        last = len(places) - int(np.argmax(is_known[::-1]))
        is_missing[last:] = False
    if is_missing.any():
        row, column = np.argwhere(is_missing)[0]
        raise data_error(
            f"the value of {columns[column]!r} is missing", place=rows.places[places[row]], fix=GIVE_MISSING
        )


def _only_texts(rows: Any, places: np.ndarray, static: Sequence[str], name: str) -> tuple[str, ...]:
    first = rows.texts[places[0]]
    for number in places:
        for column, there, before in zip(static, rows.texts[number], first, strict=True):
            if there != before:
                message = f"the static column {column!r} has {there!r}{_of(name)}, and {before!r} before"
                fix = "take it out of `data.static`, or put it into `data.covariates`"
                raise data_error(message, place=rows.places[number], fix=fix)
    return first


def _of(name: str) -> str:
    return f" in the series {name!r}" if name else ""
