"""What the sources of tagged sentences share: words and as many tags, all of them in one text each."""

from __future__ import annotations

import re
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasseq.data.example_source import ExampleSource
from kerasseq.data.lines import Line, read_lines
from kerasseq.data.rows import Row, check_fields

BETWEEN = "\t"
BLANKS = re.compile("[ \t\n\r\v\f]+")  # which features cut a text at
WITHIN = "\u00a0"  # in the place of a blank within a word


class SentenceSource(ExampleSource):
    """Base of sources of tagged sentences; a subclass gives `name`, `sentences` and its part of `reading`.

    An example is two texts, the words and the tags of a sentence, with a tab between words and between tags.

    Args:
        given: For each split its file, or several; nothing for one that there is not.
        fields: What the task calls words and tags.
        **options: See `ExampleSource`.
    """

    name: str

    def __init__(self, *, given: Mapping[str, Any], fields: Sequence[str], **options: Any):
        super().__init__(given=given, **options)
        self.fields = check_fields(fields, number=2, source=self.name)

    def files(self, split: str) -> list[Path]:
        """Where the files of a split lie.

        Raises:
            DataError: Names every path that was tried for a file that is not there.
        """
        return self.given_files(split)

    def all_rows(self, split: str) -> Iterator[Row]:
        for file in self.files(split):
            yield from self.sentences(file, read_lines(file, encoding=self.encoding))

    @abstractmethod
    def sentences(self, file: Path, lines: Iterator[Line]) -> Iterator[Row]:
        """Every sentence of a file, usable or not."""


class Sentence:
    """A sentence as its lines come; the first line that cannot be used makes the whole unusable.

    Args:
        file: Where it stands.
    """

    def __init__(self, file: Path):
        self._file = file
        self._first = 0
        self._words: list[str] = []
        self._tags: list[str] = []
        self._row: Row | None = None

    def __len__(self) -> int:
        return len(self._words)

    def add(self, number: int, word: str, tag: str) -> None:
        """Takes a word from a line."""
        self._first = self._first or number
        self._words.append(word)
        self._tags.append(tag)
        if not word or not tag:
            self.spoil(number, f"the {'tag' if word else 'word'} is empty")

    def spoil(self, number: int, problem: str) -> None:
        """Notes what is wrong with a line."""
        self._row = self._row or Row(f"{self._file}:{number}", (), problem)

    def rows(self) -> Iterator[Row]:
        """The sentence, unless it has no line at all."""
        if self._row is not None:
            yield self._row
        elif self._words:
            yield sentence_row(f"{self._file}:{self._first}", self._words, self._tags)


def sentence_row(place: str, words: Sequence[str], tags: Sequence[str]) -> Row:
    """An example of words and as many tags, none of which is empty."""
    return Row(
        place, tuple(BETWEEN.join(BLANKS.sub(WITHIN, one) for one in column) for column in (words, tags))
    )
