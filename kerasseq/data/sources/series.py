"""Time series from the columns of a delimited file with dates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np

from kerasseq.data.faults import data_error
from kerasseq.data.lines import Line, check_encoding, read_lines
from kerasseq.data.locate import empty_file, find_file, search_folders
from kerasseq.data.records import Record, quoted_records
from kerasseq.data.rows import usable_rows
from kerasseq.data.series.dates import parse_dates
from kerasseq.errors import did_you_mean
from kerasseq.registry import register
from kerasseq.specs import Supplied, check_arguments

CONSTRAINTS = (("delimiter is None or (delimiter and not delimiter[1:])", "give one character"),)
FIELDS = ("history", "target")
DELIMITERS = (",", ";", "\t", "|")


class SeriesRow(NamedTuple):
    """A row of a file, or what is wrong with it."""

    place: str
    date: tuple[str, ...]
    group: str
    numbers: tuple[float, ...]
    texts: tuple[str, ...]
    problem: str = ""
    seconds: int = 0


class SeriesRows(NamedTuple):
    """The usable rows of a source, in their order.

    places: Each row's `file:line`.
    seconds: Each row's date, seconds since 1970.
    groups: The name of the series that it is of.
    numbers: (rows, columns) float64, NaN where a value is missing.
    texts: The cells of the columns that are read as texts, (rows, columns).
    skipped: Rows that are left out because they cannot be used.
    """

    places: list[str]
    seconds: np.ndarray
    groups: list[str]
    numbers: np.ndarray
    texts: list[tuple[str, ...]]
    skipped: int


@register("source")
class Series:
    """Series in `.csv` or other delimited files, whose first row names the columns.

    Args:
        path: A file, or several that are read one after the other; plain or gzip.
        date: The column of dates, or several: year, month, day, hour, minute and second, as far as there are,
            or a date and a time.
        date_format: How dates are written, as Python's `strptime` takes it; null tells it from the column.
        group: The column that says which series a row is of; null: all rows are one series.
        missing_marks: Cells that stand for a missing value, in small or capital letters.
        delimiter: What stands between cells; null: the comma, semicolon, tab or bar that is most frequent in
            the first row.
        decimal: What stands before the decimals of a number.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a row that cannot be used, or skip and count it.
        fields: What the task reads, which are those of a forecaster.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If an option is out of its range.
        DataError: If a file or a column is missing.
    """

    def __init__(
        self,
        *,
        path: str | list[str],
        date: str | list[str] = "date",
        date_format: str | None = None,
        group: str | None = None,
        missing_marks: list[str] = ("", "NA", "N/A", "NaN", "null", "?"),
        delimiter: str | None = None,
        decimal: Literal[".", ","] = ".",
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = FIELDS,
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        check_arguments(Series.__init__, decimal=decimal, on_bad_line=on_bad_line)
        if delimiter is not None and len(delimiter) != 1:
            raise ValueError(f"`delimiter` must be one character. Received: delimiter={delimiter!r}")
        if tuple(fields) != FIELDS:
            message = f"`data.source` is 'series', which a forecaster reads, not {', '.join(fields)}"
            raise data_error(message, fix="take another source, or `model: forecaster`")
        self.paths = [path] if isinstance(path, str) else list(path)
        self.date_columns = [date] if isinstance(date, str) else list(date)
        self.date_format = date_format
        self.group = group
        self._missing = {mark.strip().lower() for mark in missing_marks}
        self._delimiter = delimiter
        self._decimal = decimal
        self.encoding = check_encoding(encoding)
        self.on_bad_line = on_bad_line
        self.folders = search_folders() if folders is None else list(folders)

    def files(self) -> list[Path]:
        """Where the files lie.

        Raises:
            DataError: Names every path that was tried for a file that is not there.
        """
        return [find_file(path, self.folders, asked_by="data.source.path") for path in self.paths]

    def rows(self, *, numbers: Sequence[str], texts: Sequence[str] = ()) -> Iterator[SeriesRow]:
        """Streams every row of the files, usable or not but for its date.

        Args:
            numbers: Columns that hold numbers.
            texts: Columns that are read as they stand.
        """
        for file in self.files():
            lines = read_lines(file, encoding=self.encoding)
            yield from self.rows_of(lines, str(file), numbers=numbers, texts=texts)

    def read(
        self, *, numbers: Sequence[str], texts: Sequence[str] = (), rows: Iterable[SeriesRow] | None = None
    ) -> SeriesRows:
        """The usable rows, with their dates.

        Args:
            numbers: Columns that hold numbers.
            texts: Columns that are read as they stand.
            rows: From `rows_of`; those of the files unless given.
        Raises:
            DataError: At the first unusable row unless they are skipped, and where no row is left.
        """
        rows = self.dated(self.rows(numbers=numbers, texts=texts) if rows is None else rows)
        skipped: list[SeriesRow] = []
        kept = list(usable_rows(rows, on_bad_line=self.on_bad_line, on_skip=skipped.append))
        if not kept:
            raise empty_file(list(map(Path, self.paths)), asked_by="data.source.path")
        return SeriesRows(
            places=[row.place for row in kept],
            seconds=np.array([row.seconds for row in kept], np.int64),
            groups=[row.group for row in kept],
            numbers=np.array([row.numbers for row in kept], np.float64).reshape(len(kept), len(numbers)),
            texts=[row.texts for row in kept],
            skipped=len(skipped),
        )

    def dated(self, rows: Iterable[SeriesRow]) -> list[SeriesRow]:
        """Rows with their dates read, all at once: one date alone may be read in several ways."""
        rows = list(rows)
        with_date = [number for number, row in enumerate(rows) if not row.problem]
        columns = list(zip(*(rows[number].date for number in with_date), strict=True))
        dates = parse_dates(columns, date_format=self.date_format)
        for place, (number, seconds) in enumerate(zip(with_date, dates.seconds.tolist(), strict=True)):
            rows[number] = rows[number]._replace(seconds=seconds, problem=dates.problems.get(place, ""))
        return rows

    def rows_of(
        self, lines: Iterable[Line], name: str, *, numbers: Sequence[str], texts: Sequence[str] = ()
    ) -> Iterator[SeriesRow]:
        """The rows of one file's lines, the first of which names the columns."""
        lines = iter(lines)
        first = next(lines, None)
        if first is None or first.problem:
            raise data_error(first.problem if first else "the file is empty", place=f"{name}:1")
        delimiter = self._delimiter or max(DELIMITERS, key=first.text.count)
        header = next(iter(quoted_records(iter([first]), delimiter)))
        columns = [cell.strip() for cell in header.cells]
        groups = [self.group] if self.group else []
        asked = [*self.date_columns, *groups, *numbers, *texts]
        places = [_place(column, columns, f"{name}:{first.number}") for column in asked]
        cuts = np.cumsum([len(self.date_columns), len(groups), len(numbers)]).tolist()
        for record in quoted_records(lines, delimiter):
            yield self._row(record, name, columns, places, cuts)

    def _row(
        self, record: Record, name: str, columns: list[str], places: list[int], cuts: list[int]
    ) -> SeriesRow:
        place, problem = f"{name}:{record.number}", record.problem
        if not problem and len(record.cells) != len(columns):
            problem = f"expected {len(columns)} columns, found {len(record.cells)}"
        if problem:
            return SeriesRow(place, (), "", (), (), problem)
        cells = [record.cells[column].strip() for column in places]
        date, group, texts = cells[: cuts[0]], "".join(cells[cuts[0] : cuts[1]]), cells[cuts[2] :]
        numbers = []
        for column, cell in zip(places[cuts[1] : cuts[2]], cells[cuts[1] : cuts[2]], strict=True):
            number = self._number(cell)
            if number is None:
                problem = problem or f"{cell!r} in the column {columns[column]!r} is no number"
            numbers.append(number)
        if not all(date):
            problem = "the date is empty"
        elif self.group and not group:
            problem = f"the column {self.group!r}, which names the series, is empty"
        return SeriesRow(place, tuple(date), group, tuple(numbers), tuple(texts), problem)

    def _number(self, cell: str) -> float | None:
        """NaN where the value is missing, None where the cell holds something else."""
        if cell.lower() in self._missing:
            return math.nan
        try:
            number = float(cell.replace(",", ".") if self._decimal == "," else cell)
        except ValueError:
            return None
        return number if math.isfinite(number) else None


def _place(column: str, columns: Sequence[str], place: str) -> int:
    if column not in columns:
        message = f"there is no column {column!r}"
        raise data_error(message, place=place, allowed=tuple(columns), fix=did_you_mean(column, columns))
    return list(columns).index(column)
