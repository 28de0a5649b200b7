"""A folder for each class, a file for each example: a text, a recording, a picture or a video."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from kerasseq.data.example_source import ExampleSource
from kerasseq.data.faults import data_error
from kerasseq.data.locate import find_folder
from kerasseq.data.rows import Row, check_fields, stripped_row
from kerasseq.data.whole_files import text_row
from kerasseq.registry import register
from kerasseq.specs import Rate, Supplied, check_arguments

CONSTRAINTS = (
    (
        "(not validation) != (not validation_share)",
        "give `validation` or a `validation_share`, one of both",
    ),
)


@register("source")
class Folders(ExampleSource):
    """Files sorted into a folder for each class: `train/pos/0_9.txt`, or `train/seven/3.wav`.

    The classes take turns, each in the order of its files' names; hidden files and folders, and files beside
    the folders, are left out. Texts may be gzip; where the input is a video, it may be a folder of frames.

    Args:
        train: The folder that holds the classes' folders.
        validation: The same, for choosing the best epoch.
        test: The same, for the final scores; left out, the run is evaluated on the validation split.
        validation_share: The share of the training examples that is the validation split instead.
        classes: The classes' folders; null is every folder that there is.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a file that cannot be used, or skip and count it.
        fields: What the task calls input and class.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If options contradict each other.
        DataError: If a folder is missing.
    """

    def __init__(
        self,
        *,
        train: str,
        validation: str | None = None,
        test: str | None = None,
        validation_share: Rate | None = None,
        classes: list[str] | None = None,
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("input", "label"),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        check_arguments(Folders.__init__, validation_share=validation_share, on_bad_line=on_bad_line)
        super().__init__(
            given={"train": train, "validation": validation, "test": test},
            validation_share=validation_share,
            encoding=encoding,
            on_bad_line=on_bad_line,
            folders=folders,
        )
        self.fields = check_fields(fields, number=2, source="folders")
        self._classes = None if classes is None else sorted(classes)

    def files(self, split: str) -> list[Path]:
        """The classes' folders of a split, by name, and the folders of frames in them.

        Raises:
            DataError: If one is not there.
        """
        return list(dict.fromkeys([*self.class_folders(split), *self.media_folders(split)]))

    def class_folders(self, split: str) -> list[Path]:
        """The classes' folders of a split, by name.

        Raises:
            DataError: If one is not there.
        """
        asked_by = self.asked_by(split)
        top = find_folder(self.given[split], self.folders, asked_by=asked_by)
        there = sorted(path.name for path in top.iterdir() if path.is_dir() and path.name[0] != ".")
        wanted = there if self._classes is None else self._classes
        missing = [name for name in wanted if name not in there]
        if missing or not wanted:
            message = f"there is no folder {missing[0]!r}" if missing else "there is no folder of a class"
            raise data_error(
                message, place=top, allowed=tuple(there), fix=f"correct `{asked_by}` or `classes`"
            )
        return [top / name for name in wanted]

    def reading(self) -> dict[str, Any]:
        return {"type": "folders", "classes": self._classes}

    def all_rows(self, split: str) -> Iterator[Row]:
        rows = [self._of_class(folder) for folder in self.class_folders(split)]
        for turn in itertools.zip_longest(*rows):
            yield from (row for row in turn if row is not None)

    def media_top(self, row: Row) -> Path:
        return Path(row.place).parent.parent

    def _of_class(self, folder: Path) -> Iterator[Row]:
        for file in sorted(folder.iterdir()):
            if not file.name.startswith(".") and (file.is_file() or self.media):
                yield self._row(file, folder.name)

    def _row(self, file: Path, name: str) -> Row:
        if self.media:
            return stripped_row(str(file), (f"{name}/{file.name}", name), self.fields)
        return text_row(file, name, self.fields, encoding=self.encoding)
