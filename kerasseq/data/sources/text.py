"""Running text from plain files or JSON Lines, plain or gzip."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, NamedTuple

from kerasseq.data.faults import data_error
from kerasseq.data.lines import Line, check_encoding, read_lines
from kerasseq.data.locate import empty_file, find_file, search_folders
from kerasseq.data.rows import check_fields, texts_of_json, usable_rows
from kerasseq.errors import DataError
from kerasseq.registry import register
from kerasseq.specs import Rate, Supplied, check_arguments

LONGEST_PIECE = 4096
VALIDATION_SHARE = 0.1
SPLITS = ("train", "validation", "test")


class Piece(NamedTuple):
    """A line with its end, or some of a long one, or what is wrong with it.

    place: The file and the number of the line.
    document: Which document it is of, counted through the split.
    text: As it stands in the file; a line end inside a document is a line feed.
    problem: Why it cannot be used.
    """

    place: str
    document: int
    text: str = ""
    problem: str = ""


CONSTRAINTS = (
    ("file is not None or train is not None", "name the `train` text, or one `file` to cut"),
    ("file is not None or validation is not None", "name the `validation` text, or one `file` to cut"),
    ("file is None or (train is None and validation is None and test is None)", "give `file` or the splits"),
    (
        "file is not None or (validation_share is None and test_share is None)",
        "leave the shares out: they cut a `file`",
    ),
    ("key is None or document == 'line'", "set document: line"),
)


@register("source")
class Text:
    """Running text, for models that read on from document to document.

    Files are streamed, never held in memory, and neither is a line: a long one comes in pieces. Either each
    split has files of its own, or one file is cut by position: its last characters are the test split, those
    before them the validation split. A cut falls inside a document only where the file is one document.

    Args:
        train: A file, or several that are read one after the other.
        validation: The same, for choosing the best epoch.
        test: The same, for the final scores; left out, the run is evaluated on the validation split.
        file: The file to cut, in place of the three.
        validation_share: The share of its characters that is the validation split; null is a tenth.
        test_share: The share of its characters that is the test split; null is none.
        document: Where a document begins: with each file, after an empty line, or with each line.
        key: The key of JSON Lines objects that holds the text; goes with `document: line`.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a line that cannot be used, or skip and count it.
        fields: What the task calls the text.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If options contradict each other.
        DataError: If a file is missing.
    """

    def __init__(
        self,
        *,
        train: str | list[str] | None = None,
        validation: str | list[str] | None = None,
        test: str | list[str] | None = None,
        file: str | None = None,
        validation_share: Rate | None = None,
        test_share: Rate | None = None,
        document: Literal["file", "paragraph", "line"] = "file",
        key: str | None = None,
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("text",),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        shares = {"validation_share": validation_share, "test_share": test_share}
        check_arguments(Text.__init__, document=document, on_bad_line=on_bad_line, **shares)
        self.fields = check_fields(fields, number=1, source="text")
        self.encoding = check_encoding(encoding)
        self.on_bad_line = on_bad_line
        if key is not None and document != "line":
            raise ValueError(f"`key` goes with `document: line`. Received: document={document!r}")
        self._document = document
        self._key = key
        given = dict(zip(SPLITS, (train, validation, test), strict=True))
        self._given = _files_of(given, shares) if file is None else dict.fromkeys(SPLITS, [file])
        self._shares = None if file is None else _shares_of(given, shares)
        if self._shares and not self._shares[1]:
            del self._given["test"]
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
        asked_by = "data.source.file" if self._shares else f"data.source.{split}"
        return [find_file(path, self._folders, asked_by=asked_by) for path in self._given[split]]

    def options(self, split: str) -> dict[str, Any]:
        """What else decides which text a split's files hold, for the cache's key."""
        reading = {"document": self._document, "key": self._key, "encoding": self.encoding}
        part = [split, *self._shares] if self._shares else None
        return {"type": "text", **reading, "on_bad_line": self.on_bad_line, "part": part}

    def rows(self, split: str) -> Iterator[Piece]:
        """Streams every line of a split, usable or not."""
        pieces = self._pieces(split)
        return self._part(split, pieces) if self._shares else pieces

    def pieces(
        self, split: str, *, on_skip: Callable[[Piece], None] | None = None
    ) -> Iterator[tuple[str, bool]]:
        """Streams the usable text of a split, each piece with whether a document begins with it.

        All pieces of a document, one after the other, are its text.

        Args:
            split: One of `splits`.
            on_skip: Called with every line that is skipped.
        Raises:
            DataError: At the first unusable line unless they are skipped, and where no text is left.
        """
        document = None
        for piece in usable_rows(self.rows(split), on_bad_line=self.on_bad_line, on_skip=on_skip):
            if piece.text:
                yield piece.text, piece.document != document
                document = piece.document
        if document is None:
            raise self._empty(split)

    def read(self, split: str, *, on_skip: Callable[[Piece], None] | None = None) -> Iterator[tuple[str]]:
        """Streams the pieces of a split alone, as examples of one field."""
        return ((text,) for text, _ in self.pieces(split, on_skip=on_skip))

    def _pieces(self, split: str) -> Iterator[Piece]:
        cut = {"file": _whole, "paragraph": _paragraphs, "line": _documents_of_a_line}[self._document]
        document = 0
        for file in self.files(split):
            document += 1
            longest = LONGEST_PIECE if self._key is None else -1
            lines = read_lines(file, encoding=self.encoding, longest=longest)
            if self._key is not None:
                pieces = self._of_json(file, lines, document)
            else:
                pieces = cut(file, lines, document)
            for piece in pieces:
                document = piece.document
                yield piece

    def _of_json(self, file: Path, lines: Iterator[Line], document: int) -> Iterator[Piece]:
        for line in lines:
            place, problem = f"{file}:{line.number}", _problem_of(line)
            found = problem or texts_of_json(line.text, [self._key])
            text = "" if isinstance(found, str) else found[0].strip()
            if not text:
                yield Piece(place, document, problem=found if isinstance(found, str) else "the text is empty")
            for piece in _cut(text):
                yield Piece(place, document, piece)
            document += 1

    @cached_property
    def _bounds(self) -> dict[str, tuple[int, int]]:
        """For each split its first character in the file that is cut, and the one after its last."""
        total = sum(len(piece.text) for piece in self._pieces("train"))
        validation, test = self._shares
        first, second = int(total * (1 - validation - test)), int(total * (1 - test))
        return {"train": (0, first), "validation": (first, second), "test": (second, sys.maxsize)}

    def _part(self, split: str, pieces: Iterator[Piece]) -> Iterator[Piece]:
        """The pieces from one cut to the next; a document that no cut may divide is where it begins."""
        first, after = self._bounds[split]
        position = start = document = 0
        for piece in pieces:
            if self._document == "file" or piece.document != document:
                document, start = piece.document, position
            text = piece.text
            if self._document == "file" and text:
                text = text[max(first - position, 0) : max(after - position, 0)]
                start = max(start, first) if text else -1
            if first <= start < after:
                yield piece._replace(text=text)
            position += len(piece.text)

    def _empty(self, split: str) -> DataError:
        if not self._shares:
            return empty_file(self.files(split), asked_by=f"data.source.{split}")
        message = f"`data.source.file` leaves no text for the {split} split"
        return data_error(message, place=self.files(split)[0], fix="change the shares, or give a longer file")


def _whole(file: Path, lines: Iterator[Line], document: int) -> Iterator[Piece]:
    for line in lines:
        text = line.text + "\n" if line.is_ended and not line.problem else line.text
        yield Piece(f"{file}:{line.number}", document, text, line.problem)


def _paragraphs(file: Path, lines: Iterator[Line], document: int) -> Iterator[Piece]:
    """White space around a paragraph's lines is kept, but for the line end after the last one."""
    is_empty, line_end = True, ""
    for line in lines:
        if not line.problem and not line.text.strip() and line.is_ended:
            document, is_empty, line_end = document + (not is_empty), True, ""
            continue
        yield Piece(f"{file}:{line.number}", document, line_end + line.text, line.problem)
        is_empty, line_end = False, "\n" if line.is_ended and not line.problem else ""


def _documents_of_a_line(file: Path, lines: Iterator[Line], document: int) -> Iterator[Piece]:
    is_first = True
    for line in lines:
        problem = _problem_of(line) if is_first else line.problem
        text = line.text.strip() if is_first else line.text.rstrip()
        yield Piece(f"{file}:{line.number}", document, "" if problem else text, problem)
        is_first = line.is_ended
        document += line.is_ended


def _problem_of(line: Line) -> str:
    return line.problem or ("" if line.text.strip() else "the line is empty")


def _cut(text: str) -> Iterator[str]:
    """Pieces of a long text, cut before white space where there is any."""
    while len(text) > LONGEST_PIECE:
        place = text.rfind(" ", 1, LONGEST_PIECE)
        place = place if place > 0 else LONGEST_PIECE
        yield text[:place]
        text = text[place:]
    if text:
        yield text


def _files_of(given: dict[str, str | list[str] | None], shares: dict[str, float | None]) -> dict[str, list]:
    for name in ("train", "validation"):
        if not given[name]:
            message = f"`{name}` must be a file or several, unless `file` is given"
            raise ValueError(f"{message}. Received: {name}={given[name]!r}")
    for name, share in shares.items():
        if share is not None:
            raise ValueError(f"`{name}` goes with `file` only. Received: {name}={share!r}")
    return {
        split: [files] if isinstance(files, str) else list(files) for split, files in given.items() if files
    }


def _shares_of(
    given: dict[str, str | list[str] | None], shares: dict[str, float | None]
) -> tuple[float, float]:
    for name, files in given.items():
        if files:
            raise ValueError(f"`{name}` does not go with `file`, which is cut. Received: {name}={files!r}")
    validation = VALIDATION_SHARE if shares["validation_share"] is None else shares["validation_share"]
    test = shares["test_share"] or 0.0
    if not validation or validation + test >= 1:
        received = f"validation_share={validation!r}, test_share={test!r}"
        message = "`validation_share` must be positive, and leave something to train on beside `test_share`"
        raise ValueError(f"{message}. Received: {received}")
    return validation, test
