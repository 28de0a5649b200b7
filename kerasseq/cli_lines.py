"""Lines of files and of standard input, each with its place, and lines of lists."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from kerasseq.errors import DataError


def lines_of(file: Path | None) -> Iterator[tuple[str, str]]:
    """The lines of a file or of standard input, each with its place."""
    name = "standard input" if file is None or str(file) == "-" else str(file)
    try:
        content = sys.stdin.buffer.read() if name == "standard input" else Path(name).read_bytes()
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}.") from error
    for number, line in enumerate(content.splitlines(), 1):
        try:
            yield f"{name}:{number}", line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise DataError(f"{name}:{number}: byte {error.start} of the line is not UTF-8.") from error


def example_of(place: str, line: str, fields: tuple[str, ...]) -> tuple[str, ...]:
    """The fields of an example, which have tabs between them."""
    values = tuple(line.split("\t"))
    if len(values) != len(fields):
        count, wanted = len(values) - 1, len(fields) - 1
        raise DataError(
            f"{place}: the line has {count} tabs, and an example has {wanted}.\n"
            f"  fix: write {'<TAB>'.join(fields)} on every line"
        )
    return values


def columns_of(entries: Iterable[Any]) -> Iterator[str]:
    """A line for each entry of a catalogue, names and summaries in columns."""
    entries = list(entries)
    width = max((len(entry.name) for entry in entries), default=0)
    for entry in entries:
        yield f"{entry.name:<{width}}  {entry.summary}".rstrip()
