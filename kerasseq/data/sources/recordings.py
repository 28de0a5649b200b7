"""Recordings that a table lists, with what is said in each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from kerasseq.data.locate import find_folder
from kerasseq.data.rows import Row, check_fields
from kerasseq.data.sources.table import Table
from kerasseq.registry import register
from kerasseq.specs import NonNegativeInt, Rate, Supplied

CONSTRAINTS = (
    (
        "(not validation) != (not validation_share)",
        "give `validation` or a `validation_share`, one of both",
    ),
    ("delimiter is None or (delimiter and not delimiter[1:])", "give one character"),
)


@register("source")
class Recordings(Table):
    """A table, or JSON Lines, with the path of a recording and its transcript in each row.

    It is read as `table` reads it. A path is absolute, or starts where the table lies.

    Args:
        train: A file, or several that are read one after the other.
        validation: The same, for choosing the best epoch.
        test: The same, for the final scores; left out, the run is evaluated on the validation split.
        validation_share: The share of the training recordings that is the validation split instead.
        columns: For each field its column, by name or by number from 0; by the field's own name if not given,
            and where nothing has a name in order.
        audio_folder: Where relative paths of recordings start; null is the folder of each table.
        header: Whether the first row names the columns; null: where `columns` has names.
        delimiter: What stands between cells; null goes by the suffix.
        quotes: Whether a cell in quotes may hold delimiters and line ends; null: all but tab-separated files.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a row that cannot be used or a recording that is not there, or skip and count it.
        fields: What the task calls recording and transcript.
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
        audio_folder: str | None = None,
        header: bool | None = None,
        delimiter: str | None = None,
        quotes: bool | None = None,
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("audio", "transcript"),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        super().__init__(
            train=train,
            validation=validation,
            test=test,
            validation_share=validation_share,
            columns=columns,
            header=header,
            delimiter=delimiter,
            quotes=quotes,
            encoding=encoding,
            on_bad_line=on_bad_line,
            fields=check_fields(fields, number=2, source="recordings"),
            folders=folders,
        )
        self._audio_folder = audio_folder

    def files(self, split: str) -> list[Path]:
        """The tables of a split, and the folders that its recordings lie in.

        Raises:
            DataError: If one is not there.
        """
        folders = {Path(row.texts[0]).parent for row in self.all_rows(split) if not row.problem}
        return [*self.tables(split), *sorted(folders)]

    def reading(self) -> dict[str, Any]:
        return {**super().reading(), "type": "recordings"}

    def all_rows(self, split: str) -> Iterator[Row]:
        top = None
        if self._audio_folder is not None:
            top = find_folder(self._audio_folder, self.folders, asked_by="data.source.audio_folder")
        for row in super().all_rows(split):
            if row.problem:
                yield row
                continue
            given, *others = row.texts
            path = (top or Path(row.place).parent) / Path(given).expanduser()
            is_there = path.is_file()
            yield Row(row.place, (str(path), *others), "" if is_there else f"there is no recording {path}")

    def held_out_by(self, row: Row) -> str:
        """A recording's own name and its folder's: where the data set lies must not matter."""
        return "/".join(Path(row.texts[0]).parts[-2:])
