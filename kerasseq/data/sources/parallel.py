"""Pairs of texts from tab-separated files, line-aligned files or JSON Lines, plain or gzip."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from kerasseq.data.example_source import read_usable
from kerasseq.data.faults import data_error
from kerasseq.data.lines import Line, check_encoding, read_lines
from kerasseq.data.locate import find_file, search_folders
from kerasseq.data.rows import (
    JSON_SUFFIXES,
    Row,
    check_fields,
    grouped_texts_of_json,
    stripped_row,
    texts_of_json,
)
from kerasseq.errors import DataError
from kerasseq.registry import register
from kerasseq.specs import NonNegativeInt, Supplied, check_arguments


@register("source")
class Parallel:
    """Parallel text: a source and a target for each example.

    Files are streamed, never held in memory. Each side is stripped of white space around it.

    Args:
        train: A file of pairs, or two line-aligned files [source, target].
        validation: The same, for choosing the best epoch.
        test: The same, for the final scores; left out, the run is evaluated on the validation split.
        format: How pairs are laid out; auto goes by the number of files and the file name.
        columns: Zero-based columns of a tab-separated file that hold source and target; more may be there.
        keys: Keys of a JSON Lines object that hold source and target.
        join: What joins the strings of a list that stands where a JSON Lines object should have a text, such
            as sentences; null takes no lists.
        several_references: Whether a list at the target's key is several right answers: as many examples in
            training, and one question when they are measured.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a line that cannot be used, or skip and count it.
        fields: What the task calls the two.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If options contradict each other.
        DataError: If a file is missing.
    """

    def __init__(
        self,
        *,
        train: str | list[str],
        validation: str | list[str],
        test: str | list[str] | None = None,
        format: Literal["auto", "tsv", "lines", "jsonl"] = "auto",
        columns: list[NonNegativeInt] | None = None,
        keys: list[str] | None = None,
        join: str | None = None,
        several_references: bool = False,
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("source", "target"),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        check_arguments(Parallel.__init__, format=format, on_bad_line=on_bad_line)
        self.fields = check_fields(fields, number=2, source="parallel")
        self.encoding = check_encoding(encoding)
        self.on_bad_line = on_bad_line
        given = {"train": train, "validation": validation, "test": test}
        self._given = {split: [files] if isinstance(files, str) else files for split, files in given.items()}
        if test is None:
            del self._given["test"]
        self._formats = {split: _format_of(split, files, format) for split, files in self._given.items()}
        if columns and min(columns) < 0:
            raise ValueError(f"`columns` must be counted from 0. Received: columns={columns!r}")
        self._columns = _two("columns", columns, "tsv", self._formats)
        self._keys = _two("keys", keys, "jsonl", self._formats)
        _check_format("join", join, "jsonl", self._formats)
        _check_format("several_references", several_references or None, "jsonl", self._formats)
        self._join = join
        self.is_grouped = several_references
        self._folders = search_folders() if folders is None else list(folders)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that there are."""
        return tuple(self._given)

    def files(self, split: str) -> list[Path]:
        """Where the files of a split lie.

        Raises:
            DataError: Names every path that was tried for a file that is not there.
        """
        asked_by = f"data.source.{split}"
        return [find_file(path, self._folders, asked_by=asked_by) for path in self._given[split]]

    def options(self, split: str) -> dict[str, Any]:
        """What else decides which examples a split's files hold, for the cache's key."""
        reading = {"format": self._formats[split], "columns": self._columns, "keys": self._keys}
        reading |= {"join": self._join, "several_references": self.is_grouped}
        return {"type": "parallel", **reading, "encoding": self.encoding, "on_bad_line": self.on_bad_line}

    def rows(self, split: str) -> Iterator[Row]:
        """Streams every line of a split, usable or not."""
        files = self.files(split)
        streams = [read_lines(file, encoding=self.encoding) for file in files]
        if self._formats[split] == "lines":
            yield from self._paired(files, streams)
            return
        parse = self._parse_json if self._formats[split] == "jsonl" else self._parse_tabs
        for line in streams[0]:
            yield from self._rows(f"{files[0]}:{line.number}", line, parse)

    def read(self, split: str, *, on_skip: Callable[[Row], None] | None = None) -> Iterator[tuple[str, ...]]:
        """Streams the usable examples of a split, each a text for each of `fields`.

        Args:
            split: One of `splits`.
            on_skip: Called with every line that is skipped.
        Raises:
            DataError: At the first unusable line unless they are skipped, and where no example is left.
        """
        return read_usable(self, split, on_skip=on_skip)

    def _parse_tabs(self, line: str) -> list[tuple[str, ...]] | str:
        cells = line.split("\t")
        if self._columns is None and len(cells) == 2:
            return [tuple(cells)]
        if self._columns is None:
            return f"expected 2 tab-separated columns, found {len(cells)}"
        if len(cells) <= max(self._columns):
            return f"column {max(self._columns)} is asked for, but there are {len(cells)}, counted from 0"
        return [tuple(cells[column] for column in self._columns)]

    def _parse_json(self, line: str) -> list[tuple[str, ...]] | str:
        keys = self._keys or self.fields
        if self.is_grouped:
            return grouped_texts_of_json(line, keys, join=self._join)
        texts = texts_of_json(line, keys, join=self._join)
        return texts if isinstance(texts, str) else [texts]

    def _rows(
        self, place: str, line: Line, parse: Callable[[str], list[tuple[str, ...]] | str]
    ) -> Iterator[Row]:
        if line.problem:
            yield Row(place, (), line.problem)
            return
        if not line.text.strip():
            yield Row(place, (), "the line is empty")
            return
        examples = parse(line.text)
        if isinstance(examples, str):
            yield Row(place, (), examples)
            return
        yield from (stripped_row(place, texts, self.fields) for texts in examples)

    def _paired(self, files: list[Path], streams: list[Iterator[Line]]) -> Iterator[Row]:
        for pair in itertools.zip_longest(*streams):
            if None in pair:
                ended = pair.index(None)
                raise _uneven(files[1 - ended], files[ended], pair[1 - ended].number)
            texts = []
            for file, side, line in zip(files, self.fields, pair, strict=True):
                text = line.text.strip()
                if not text:
                    yield Row(f"{file}:{line.number}", (), line.problem or f"the {side} is empty")
                    break
                texts.append(text)
            else:
                yield Row(f"{files[0]}:{pair[0].number}", tuple(texts))


def _format_of(split: str, files: list[str], asked: str) -> str:
    allowed = {"auto": (1, 2), "lines": (2,)}.get(asked, (1,))
    if len(files) not in allowed:
        number = " or ".join(map(str, allowed))
        raise ValueError(
            f"`{split}` must be {number} files for format {asked!r}. Received: {split}={files!r}"
        )
    if asked != "auto":
        return asked
    if len(files) == 2:
        return "lines"
    return "jsonl" if files[0].lower().removesuffix(".gz").endswith(JSON_SUFFIXES) else "tsv"


def _two(name: str, value: list | None, format_name: str, formats: dict[str, str]) -> list | None:
    if value is None:
        return None
    if len(value) != 2:
        raise ValueError(f"`{name}` must be two, for source and target. Received: {name}={value!r}")
    _check_format(name, value, format_name, formats)
    return value


def _check_format(name: str, value: Any, format_name: str, formats: dict[str, str]) -> None:
    """Holds that an option which was given has files that it is for."""
    if value is not None and format_name not in formats.values():
        found = ", ".join(sorted(set(formats.values())))
        raise ValueError(
            f"`{name}` goes with {format_name!r} files only, not {found}. Received: {name}={value!r}"
        )


def _uneven(longer: Path, shorter: Path, number: int) -> DataError:
    message = f"there is no such line in {shorter}, which ends with line {number - 1}"
    fix = "give both files as many lines; look for a line break inside a sentence"
    return data_error(message, place=f"{longer}:{number}", fix=fix)
