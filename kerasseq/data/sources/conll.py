"""Tagged sentences with a word a line, in columns, as CoNLL's shared tasks have them; plain or gzip."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from kerasseq.data.lines import Line
from kerasseq.data.rows import Row
from kerasseq.data.sentences import Sentence, SentenceSource
from kerasseq.registry import register
from kerasseq.specs import Rate, Supplied, check_arguments

CONSTRAINTS = (
    (
        "(not validation) != (not validation_share)",
        "give `validation` or a `validation_share`, one of both",
    ),
    ("delimiter != ''", "give what stands between columns, or leave it out for any blanks"),
)
BLANKS = re.compile("[ \t]+")
DOCUMENT = "-DOCSTART-"


@register("source")
class Conll(SentenceSource):
    """A word a line, among other columns its tag; an empty line ends a sentence.

    Lines that mark a document, `-DOCSTART-`, are left out.

    Args:
        train: A file, or several that are read one after the other.
        validation: The same, for choosing the best epoch.
        test: The same, for the final scores; left out, the run is evaluated on the validation split.
        validation_share: The share of the training sentences that is the validation split instead.
        columns: For words and tags their columns, by number from 0, or from the last one, -1, backwards;
            unless given the first and the last.
        delimiter: What stands between columns; null: blanks and tabs, however many.
        comment: What a line begins with that is left out; null: no line is.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a sentence that cannot be used, or skip and count it.
        fields: What the task calls words and tags.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If options contradict each other.
        DataError: If a file is missing.
    """

    name = "conll"

    def __init__(
        self,
        *,
        train: str | list[str],
        validation: str | list[str] | None = None,
        test: str | list[str] | None = None,
        validation_share: Rate | None = None,
        columns: dict[str, int] | None = None,
        delimiter: str | None = None,
        comment: str | None = None,
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("tokens", "tags"),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        check_arguments(Conll.__init__, validation_share=validation_share, on_bad_line=on_bad_line)
        super().__init__(
            given={"train": train, "validation": validation, "test": test},
            fields=fields,
            validation_share=validation_share,
            encoding=encoding,
            on_bad_line=on_bad_line,
            folders=folders,
        )
        if not set(columns or {}) <= set(self.fields):
            raise ValueError(f"`columns` must name {', '.join(self.fields)}. Received: columns={columns!r}")
        if delimiter == "":
            raise ValueError("`delimiter` must not be empty. Received: delimiter=''")
        words, tags = self.fields
        self.columns = {words: 0, tags: -1, **(columns or {})}
        self.delimiter = delimiter
        self.comment = comment

    def reading(self) -> dict[str, Any]:
        cells = {"delimiter": self.delimiter, "comment": self.comment}
        return {"type": "conll", "columns": list(self.columns.values()), **cells}

    def sentences(self, file: Path, lines: Iterator[Line]) -> Iterator[Row]:
        sentence = Sentence(file)
        for line in lines:
            cells = self._cells(line.text)
            if line.problem:
                sentence.spoil(line.number, line.problem)
            elif self.comment and line.text.startswith(self.comment):
                continue
            elif not any(cells) or cells[0] == DOCUMENT:
                yield from sentence.rows()
                sentence = Sentence(file)
            else:
                self._add(sentence, line.number, cells)
        yield from sentence.rows()

    def _cells(self, text: str) -> list[str]:
        if self.delimiter is None:
            return BLANKS.split(text.strip(" \t\r"))
        return [cell.strip() for cell in text.split(self.delimiter)]

    def _add(self, sentence: Sentence, number: int, cells: list[str]) -> None:
        for column in self.columns.values():
            if not -len(cells) <= column < len(cells):
                counted = "from 0" if column >= 0 else "from -1 backwards"
                sentence.spoil(
                    number, f"column {column} is asked for, but there are {len(cells)}, counted {counted}"
                )
                return
        sentence.add(number, *(cells[column] for column in self.columns.values()))
