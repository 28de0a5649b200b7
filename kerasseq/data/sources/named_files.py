"""A file for each example, with its label in its name: `7_jackson_32.wav`."""

from __future__ import annotations

import glob
import re
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

PLACEHOLDER = re.compile(r"\{(\w+)\}|\*")
CONSTRAINTS = (
    (
        "(not validation) != (not validation_share)",
        "give `validation` or a `validation_share`, one of both",
    ),
)


@register("source")
class NamedFiles(ExampleSource):
    """Recordings, pictures, videos or texts in files whose names say what they are.

    A split is all files that a pattern such as `recordings/*.wav` matches, by name; `**` stands for folders
    in any depth. What the validation or test split has is not trained on, though its pattern may match.

    Args:
        train: The pattern of the files to learn from, or several.
        validation: The same, for choosing the best epoch.
        test: The same, for the final scores; left out, the run is evaluated on the validation split.
        validation_share: The share of the training files that is the validation split instead.
        name: What a name is like, without its suffix: the label in the braces of its field, such as
            `{label}_{speaker}_{take}`; what else stands in braces, or for a `*`, is passed over.
        encoding: Of texts: any that extends ASCII.
        on_bad_line: Stop at a file that cannot be used, or skip and count it.
        fields: What the task calls input and label.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If options contradict each other, or `name` has no place for the label.
        DataError: If a pattern matches no file.
    """

    def __init__(
        self,
        *,
        train: str | list[str],
        validation: str | list[str] | None = None,
        test: str | list[str] | None = None,
        validation_share: Rate | None = None,
        name: str = "{label}_*",
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("input", "label"),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        check_arguments(NamedFiles.__init__, validation_share=validation_share, on_bad_line=on_bad_line)
        super().__init__(
            given={"train": train, "validation": validation, "test": test},
            validation_share=validation_share,
            encoding=encoding,
            on_bad_line=on_bad_line,
            folders=folders,
        )
        self.fields = check_fields(fields, number=2, source="named_files")
        self._name = name
        self._pattern = _pattern(name, label=self.fields[1])

    def files(self, split: str) -> list[Path]:
        """The folders that hold a split's files.

        Raises:
            DataError: If there is no such file.
        """
        found = self._found(split)
        folders = {path if path.is_dir() else path.parent for path in found}
        return sorted(folders)

    def reading(self) -> dict[str, Any]:
        return {"type": "named_files", "given": self.given, "name": self._name}

    def options(self, split: str) -> dict[str, Any]:
        return {**super().options(split), "split": split}  # others may lie in the same folders

    def all_rows(self, split: str) -> Iterator[Row]:
        others = [] if split == "test" else self._found("test") if "test" in self.given else []
        if split == "train" and not self.share:
            others = [*others, *self._found("validation")]
        for path in sorted(set(self._found(split)) - set(others)):
            label = self._pattern.fullmatch(path.stem if path.is_file() else path.name)
            if label is None:
                yield Row(str(path), (), f"the name {path.stem!r} is not like {self._name}")
            elif self.media:
                yield stripped_row(str(path), (path.name, label[1]), self.fields)
            else:
                yield text_row(path, label[1], self.fields, encoding=self.encoding)

    def _found(self, split: str) -> list[Path]:
        """All that the patterns of a split match, hidden files left out."""
        asked_by = self.asked_by(split)
        given = self.given[split]
        patterns = [given] if isinstance(given, str) else given
        return [path for pattern in patterns for path in self._matches(pattern, asked_by)]

    def _matches(self, pattern: str, asked_by: str) -> list[Path]:
        parts = Path(pattern).expanduser().parts
        first = next((place for place, part in enumerate(parts) if glob.has_magic(part)), len(parts) - 1)
        top = find_folder(str(Path(*parts[:first])), self.folders, asked_by=asked_by)
        below = glob.iglob(str(Path(*parts[first:])), root_dir=top, recursive=True)
        found = [top / path for path in below if (top / path).is_file() or self.media]
        if not found:
            message = f"`{asked_by}` matches no file: {pattern}"
            raise data_error(message, place=top, fix="correct the pattern; `*` stands for anything in a name")
        return found


def _pattern(name: str, *, label: str) -> re.Pattern:
    """What names are matched with; its group is the label."""
    parts, place, has_label = [], 0, False
    for found in PLACEHOLDER.finditer(name):
        is_label = found[1] == label and not has_label
        parts += [
            re.escape(name[place : found.start()]),
            "(.+?)" if is_label else ".+?" if found[1] else ".*",
        ]
        place, has_label = found.end(), has_label or is_label
    if not has_label:
        raise ValueError(f"`name` must have {{{label}}} where the {label} stands. Received: name={name!r}")
    return re.compile("".join([*parts, re.escape(name[place:])]), re.DOTALL)
