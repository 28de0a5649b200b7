"""The rows of a delimited file, with the number of each one's first line."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import NamedTuple

from kerasseq.data.lines import Line


class Record(NamedTuple):
    """The cells of a row and the number of its first line, or what is wrong with it."""

    number: int
    cells: list[str]
    problem: str = ""


def plain_records(lines: Iterator[Line], delimiter: str) -> Iterator[Record]:
    """Rows whose cells have no quotes."""
    for line in lines:
        problem = line.problem or ("" if line.text.strip() else "the line is empty")
        yield Record(line.number, line.text.split(delimiter), problem)


class _Feed:
    """Lines for the csv module, which takes as many as a row has; those that cannot be read are put aside."""

    def __init__(self, lines: Iterator[Line]):
        self._lines = lines
        self.first: int | None = None
        self.unreadable: list[Record] = []

    def __iter__(self) -> _Feed:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        while line.problem:
            self.unreadable.append(Record(line.number, [], line.problem))
            line = next(self._lines)
        self.first = self.first or line.number
        return line.text + "\n"


def quoted_records(lines: Iterator[Line], delimiter: str) -> Iterator[Record]:
    """Rows whose cells may be quoted, and then hold delimiters and line ends."""
    feed = _Feed(lines)
    reader = csv.reader(feed, delimiter=delimiter, strict=True)
    while True:
        feed.first, cells, problem = None, None, ""
        try:
            cells = next(reader, None)
            problem = "the line is empty" if cells == [] else ""
        except csv.Error as error:
            problem = f"no row of a CSV file: {error}"
        yield from feed.unreadable
        feed.unreadable.clear()
        if cells is None and not problem:
            return
        yield Record(feed.first or 1, cells or [], problem)
