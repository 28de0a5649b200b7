"""Single windows of series, from a file's end or from Python, to forecast what lies behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kerasseq.data.faults import data_error
from kerasseq.data.lines import Line
from kerasseq.data.series.dates import parse_dates, written
from kerasseq.data.series.grid import RegularSeries

CALLED = "input"  # in errors, where lines have no file
PARTS = ("history", "known", "time", "series")


class Window(str):
    """One question, as text `Ljubljana 2016-07-01 13:00`: what is known where a forecast begins.

    Args:
        name: Of the series.
        seconds: The date of the last row, since 1970.
        history: (context, features), raw, NaN where a value is missing.
        known: (context + horizon, known), raw.
        static: Its static columns as they stand in the file; None takes those that were learned by its name.
    """

    def __new__(
        cls,
        *,
        name: str,
        seconds: int,
        history: np.ndarray,
        known: np.ndarray,
        static: tuple[str, ...] | None = None,
    ) -> Window:
        made = super().__new__(cls, " ".join(filter(None, [name, written(seconds)])))
        made.name, made.seconds, made.history, made.known, made.static = name, seconds, history, known, static
        return made


def last_windows(reader: Any, lines: Iterable[str]) -> list[Window]:
    """The last window of each series of a file: what is forecast lies behind its last known target.

    Args:
        reader: A `SeriesReader` that has learned.
        lines: The file's; the first one names the columns. Rows behind the last known target may say what is
            known of the future.
    Raises:
        DataError: If a series is too short, or lacks what is known of the future.
    """
    read = (Line(number, text.rstrip("\r\n")) for number, text in enumerate(lines, 1))
    rows = reader.source.rows_of(read, CALLED, numbers=reader.columns, texts=reader.static)
    return [_last_window(reader, one) for one in reader.series_of(rows, keeps_tail=True)]


def _last_window(reader: Any, series: RegularSeries) -> Window:
    is_known = np.isfinite(series.values[:, : len(reader.targets)]).any(axis=1)
    last = len(is_known) - 1 - int(np.argmax(is_known[::-1])) if is_known.any() else -1
    called = f"{CALLED}, series {series.name!r}" if series.name else CALLED
    if last + 1 < reader.context:
        message = f"a forecast reads {reader.context} rows (`data.context`), and there are {last + 1}"
        raise data_error(message, place=called, fix="give more of the past")
    first = last + 1 - reader.context
    history = series.values[first : last + 1, : reader.num_features]
    known = series.values[first : last + 1 + reader.horizon, reader.num_features :]
    if not reader.known:
        known = np.zeros((reader.context + reader.horizon, 0))
    elif len(known) < reader.context + reader.horizon:
        message = f"{', '.join(reader.known)} must be known for {reader.horizon} rows behind the last target"
        found = f"{len(known) - reader.context} are there"
        raise data_error(f"{message}, and {found}", place=called, fix="add rows with an empty target")
    elif reader.missing == "error" and np.isnan(known).any():
        raise data_error(f"a value of {', '.join(reader.known)} is missing", place=called)
    return Window(
        name=series.name, seconds=series.date(last), history=history, known=known, static=series.texts
    )


def window_of(reader: Any, given: Any) -> Window:
    """A window from a mapping.

    Args:
        reader: A `SeriesReader` that has learned.
        given: `history` (context, features), raw, targets first, or (context,) where there is one feature;
            `known` (context + horizon, columns) where columns are known ahead; `time`, the date of the last
            row, where the calendar is read; `series`, its name, where there are several.
    Raises:
        DataError: If a part is missing or of another shape.
    """
    if not isinstance(given, Mapping) or set(given) - set(PARTS) or "history" not in given:
        message = (
            f"a window is a mapping with {', '.join(PARTS)}, as far as there are any; found {given!r:.80}"
        )
        raise data_error(message, fix="or give `kerasseq predict` a file like those learned from")
    history = _array(given["history"], "history", reader.context, reader.num_features)
    known = np.zeros((reader.context + reader.horizon, 0))
    if reader.known:
        known = _array(given.get("known", ()), "known", len(known), len(reader.known))
    if reader.calendar and "time" not in given:
        raise data_error("a window needs a `time`, the date of its last row: the calendar is read")
    seconds = _seconds(given.get("time", "1970-01-01"))
    return Window(name=str(given.get("series", "")), seconds=seconds, history=history, known=known)


def _array(values: Any, name: str, num_rows: int, num_columns: int) -> np.ndarray:
    found = np.asarray(values, np.float64)
    found = found[:, None] if found.ndim == 1 and num_columns == 1 else found
    if found.shape != (num_rows, num_columns):
        raise data_error(f"`{name}` must be of shape ({num_rows}, {num_columns}); found {found.shape}")
    return found


def _seconds(time: Any) -> int:
    found = parse_dates([[str(time)]])
    for problem in found.problems.values():
        raise data_error(f"`time`: {problem}")
    return int(found.seconds[0])
