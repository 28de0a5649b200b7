"""Examples from the columns of a table: tab-separated, CSV or JSON Lines, plain or gzip."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from kerasseq.data.example_source import ExampleSource
from kerasseq.data.faults import data_error
from kerasseq.data.lines import Line, read_lines
from kerasseq.data.records import Record, plain_records, quoted_records
from kerasseq.data.rows import JSON_SUFFIXES, Row, stripped_row, texts_of_json
from kerasseq.errors import did_you_mean
from kerasseq.registry import register
from kerasseq.specs import NonNegativeInt, Rate, Supplied, check_arguments

CONSTRAINTS = (
    (
        "(not validation) != (not validation_share)",
        "give `validation` or a `validation_share`, one of both",
    ),
    ("delimiter is None or (delimiter and not delimiter[1:])", "give one character"),
)


@register("source")
class Table(ExampleSource):
    """A table with a column for each field, among others.

    Files are streamed, never held in memory. The suffix says how a file is read: `.jsonl`, `.ndjson` and
    `.json` as an object a line, `.csv` with commas and quotes, anything else with tabs and no quotes. Cells
    are stripped of white space around them.

    Args:
        train: A file, or several that are read one after the other.
        validation: The same, for choosing the best epoch.
        test: The same, for the final scores; left out, the run is evaluated on the validation split.
        validation_share: The share of the training examples that is the validation split instead.
        columns: For each field its column, by name or by number from 0; by the field's own name if not given,
            and where nothing has a name in order.
        header: Whether the first row names the columns; null: where `columns` has names.
        delimiter: What stands between cells; null goes by the suffix.
        quotes: Whether a cell in quotes may hold delimiters and line ends; null: all but tab-separated files.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a row that cannot be used, or skip and count it.
        fields: What the task reads, in order.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If options contradict each other.
        DataError: If a file or a column is missing.
    """

    def __init__(
        self,
        *,
        train: str | list[str],
        validation: str | list[str] | None = None,
        test: str | list[str] | None = None,
        validation_share: Rate | None = None,
        columns: dict[str, NonNegativeInt | str] | None = None,
        header: bool | None = None,
        delimiter: str | None = None,
        quotes: bool | None = None,
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("input", "label"),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        check_arguments(Table.__init__, validation_share=validation_share, on_bad_line=on_bad_line)
        super().__init__(
            given={"train": train, "validation": validation, "test": test},
            validation_share=validation_share,
            encoding=encoding,
            on_bad_line=on_bad_line,
            folders=folders,
        )
        self.fields = tuple(fields)
        self._columns = _checked_columns(columns, self.fields, header)
        self._header = header
        if delimiter is not None and len(delimiter) != 1:
            raise ValueError(f"`delimiter` must be one character. Received: delimiter={delimiter!r}")
        self._delimiter = delimiter
        self._quotes = quotes

    def files(self, split: str) -> list[Path]:
        return [*self.tables(split), *self.media_folders(split)]

    def tables(self, split: str) -> list[Path]:
        """Where the tables of a split lie.

        Raises:
            DataError: Names every path that was tried for a file that is not there.
        """
        return self.given_files(split)

    def reading(self) -> dict[str, Any]:
        cells = {"delimiter": self._delimiter, "quotes": self._quotes, "header": self._header}
        return {"type": "table", "fields": self.fields, "columns": self._columns, **cells}

    def all_rows(self, split: str) -> Iterator[Row]:
        for file in self.tables(split):
            lines = read_lines(file, encoding=self.encoding)
            name = file.name.lower().removesuffix(".gz")
            if self._delimiter is None and name.endswith(JSON_SUFFIXES):
                yield from self._of_json(file, lines)
            else:
                delimiter = self._delimiter or ("," if name.endswith(".csv") else "\t")
                quotes = delimiter != "\t" if self._quotes is None else self._quotes
                records = quoted_records(lines, delimiter) if quotes else plain_records(lines, delimiter)
                yield from self._of_records(file, records)

    def _of_json(self, file: Path, lines: Iterator[Line]) -> Iterator[Row]:
        keys = [self._columns.get(field, field) for field in self.fields]
        if numbers := [key for key in keys if isinstance(key, int)]:
            message = f"`data.source.columns` has the number {numbers[0]}, but JSON objects have names"
            raise data_error(message, place=file, fix="give the name of the key")
        for line in lines:
            problem = line.problem or ("" if line.text.strip() else "the line is empty")
            found = problem or texts_of_json(line.text, keys, with_numbers=True)
            yield self._row(f"{file}:{line.number}", found)

    def _of_records(self, file: Path, records: Iterator[Record]) -> Iterator[Row]:
        is_named = self._header or any(isinstance(column, str) for column in self._columns.values())
        places = None if is_named else [self._columns.get(field, at) for at, field in enumerate(self.fields)]
        is_first = True
        for record in records:
            place = f"{file}:{record.number}"
            if is_first and not record.problem:
                is_first = False
                if places is None:
                    places = self._places(place, [cell.strip() for cell in record.cells])
                    continue
                self._check_first(place, record.cells)
            yield self._row(place, record.problem or self._chosen(record.cells, places))

    def _places(self, place: str, names: list[str]) -> list[int]:
        """Where each field's column is, by the names in the first row."""
        found = []
        for field in self.fields:
            column = self._columns.get(field, field)
            if isinstance(column, str) and column not in names:
                message = f"there is no column {column!r} for the {field}"
                hint = did_you_mean(column, names) or f"name it in `data.source.columns.{field}`"
                raise data_error(message, place=place, allowed=tuple(names), fix=hint)
            found.append(names.index(column) if isinstance(column, str) else column)
        return found

    def _check_first(self, place: str, cells: list[str]) -> None:
        """Holds that a first row that might be names is not taken for an example unasked."""
        if self._header is None and {cell.strip().lower() for cell in cells} & set(self.fields):
            message = f"the first row looks like names of columns: {', '.join(map(repr, cells))}"
            raise data_error(message, place=place, fix="set `data.source.header` to true, or to false")

    def _chosen(self, cells: list[str], places: list[int]) -> list[str] | str:
        if not self._columns and not self._header and len(cells) != len(self.fields):
            return f"expected {len(self.fields)} columns ({', '.join(self.fields)}), found {len(cells)}"
        if len(cells) <= max(places):
            return f"column {max(places)} is asked for, but there are {len(cells)}, counted from 0"
        return [cells[place] for place in places]

    def _row(self, place: str, found: Sequence[str] | str) -> Row:
        return Row(place, (), found) if isinstance(found, str) else stripped_row(place, found, self.fields)


def _checked_columns(
    columns: Mapping[str, int | str] | None, fields: Sequence[str], header: bool | None
) -> dict[str, int | str]:
    for field, column in (columns or {}).items():
        if field not in fields:
            raise ValueError(f"`columns` must name {', '.join(fields)}. Received: columns={columns!r}")
        if isinstance(column, int) and column < 0:
            raise ValueError(f"`columns` must be counted from 0. Received: columns={columns!r}")
        if isinstance(column, str) and header is False:
            raise ValueError(f"`columns` has names, which need a header. Received: columns={columns!r}")
    return dict(columns or {})
