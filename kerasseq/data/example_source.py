"""What sources of examples share: their splits, and training examples that are held out for validation."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasseq.data.lines import check_encoding
from kerasseq.data.locate import empty_file, find_file, search_folders
from kerasseq.data.rows import Row, usable_rows

HELD_OUT = "validation"


def read_usable(
    source: Any, split: str, *, on_skip: Callable[[Row], None] | None
) -> Iterator[tuple[str, ...]]:
    """The usable examples of a source's `rows`; see `ExampleSource.read`."""
    is_empty = True
    for row in usable_rows(source.rows(split), on_bad_line=source.on_bad_line, on_skip=on_skip):
        is_empty = False
        yield row.texts
    if is_empty:
        raise empty_file(source.files(split), asked_by=f"data.source.{split}")


class ExampleSource(ABC):
    """Base of sources of examples; a subclass gives `files`, `reading` and `all_rows`.

    Args:
        given: For each split where its examples lie; nothing for one that there is not.
        validation_share: The share of the training examples that is the validation split.
        encoding: Any that extends ASCII.
        on_bad_line: `error` or `skip`.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If there is not exactly one way to a validation split.
    Attributes:
        is_grouped: Whether rows of one input, which then stand next to each other, are one question with
            several right answers.
        media: The fields whose texts are paths of recordings, pictures or videos.
    """

    is_grouped = False
    media: tuple[str, ...] = ()
    fields: tuple[str, ...]

    def __init__(
        self,
        *,
        given: Mapping[str, Any],
        validation_share: float | None,
        encoding: str,
        on_bad_line: str,
        folders: Sequence[Path] | None,
    ):
        if bool(given[HELD_OUT]) == bool(validation_share):
            received = f"validation={given[HELD_OUT]!r}, validation_share={validation_share!r}"
            raise ValueError(f"give `validation` or a `validation_share`, one of both. Received: {received}")
        self.given = {split: place for split, place in given.items() if place}
        if validation_share:
            self.given[HELD_OUT] = given["train"]
        self.share = validation_share
        self.encoding = check_encoding(encoding)
        self.on_bad_line = on_bad_line
        self.folders = search_folders() if folders is None else list(folders)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that there are."""
        return tuple(split for split in ("train", HELD_OUT, "test") if split in self.given)

    @abstractmethod
    def files(self, split: str) -> list[Path]:
        """The files of a split, or the folders whose files are its examples."""

    @abstractmethod
    def reading(self) -> dict[str, Any]:
        """What decides which examples the files hold, but for the split."""

    @abstractmethod
    def all_rows(self, split: str) -> Iterator[Row]:
        """Every row of a split's files, usable or not."""

    def options(self, split: str) -> dict[str, Any]:
        """What else decides which examples a split's files hold, for the cache's key."""
        part = [split, self.share] if self._is_parted(split) else None
        return {**self.reading(), "encoding": self.encoding, "on_bad_line": self.on_bad_line, "part": part}

    def rows(self, split: str) -> Iterator[Row]:
        """Streams every row of a split, usable or not; unusable ones are the training split's."""
        rows = self.all_rows(split)
        if self._is_parted(split):
            rows = (row for row in rows if self._is_held_out(row) == (split == HELD_OUT))
        return map(self._with_paths, rows) if self.media else rows

    def read(self, split: str, *, on_skip: Callable[[Row], None] | None = None) -> Iterator[tuple[str, ...]]:
        """Streams the usable examples of a split, each a text for each field.

        Args:
            split: One of `splits`.
            on_skip: Called with every row that is skipped.
        Raises:
            DataError: At the first unusable row unless they are skipped, and where no example is left.
        """
        return read_usable(self, split, on_skip=on_skip)

    def media_top(self, row: Row) -> Path:
        """Where the relative paths of a row start: the folder of the file that it stands in."""
        return Path(row.place).parent

    def media_folders(self, split: str) -> list[Path]:
        """The folders that a split's recordings, pictures and videos lie in; one of frames is one itself."""
        places = {
            Path(row.texts[self.fields.index(field)])
            for field in self.media
            for row in self.rows(split)
            if not row.problem
        }
        return sorted({place if place.is_dir() else place.parent for place in places})

    def _with_paths(self, row: Row) -> Row:
        """The row with absolute paths, or the problem that one leads nowhere."""
        texts = list(row.texts)
        for place in [] if row.problem else map(self.fields.index, self.media):
            path = self.media_top(row) / Path(texts[place]).expanduser()
            if not path.exists():
                return Row(row.place, (), f"the {self.fields[place]} {path} is not there")
            texts[place] = str(path)
        return Row(row.place, tuple(texts), row.problem)

    def asked_by(self, split: str) -> str:
        """The recipe's key that says where a split lies."""
        return f"data.source.{'train' if self._is_parted(split) else split}"

    def given_files(self, split: str) -> list[Path]:
        """The files of a split whose place is a path or several.

        Raises:
            DataError: Names every path that was tried for a file that is not there.
        """
        given = self.given[split]
        paths = [given] if isinstance(given, str) else given
        return [find_file(path, self.folders, asked_by=self.asked_by(split)) for path in paths]

    def _is_parted(self, split: str) -> bool:
        return bool(self.share) and split != "test"

    def held_out_by(self, row: Row) -> str:
        """What decides on which side a row is."""
        return row.texts[0]

    def _is_held_out(self, row: Row) -> bool:
        """Decided by the first text: one that stands there twice is on one side, in any order of the file."""
        if row.problem:
            return False
        digest = hashlib.blake2b(self.held_out_by(row).encode(), digest_size=8).digest()
        return int.from_bytes(digest, "little") < self.share * 2**64
