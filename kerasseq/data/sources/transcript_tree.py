"""Recordings in folders, each with a file of what is said in them: LibriSpeech's tree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from kerasseq.data.example_source import ExampleSource
from kerasseq.data.faults import data_error
from kerasseq.data.lines import read_lines
from kerasseq.data.locate import find_folder
from kerasseq.data.recordings import SUFFIXES
from kerasseq.data.rows import Row, check_fields
from kerasseq.registry import register
from kerasseq.specs import Rate, Supplied, check_arguments

CONSTRAINTS = (
    (
        "(not validation) != (not validation_share)",
        "give `validation` or a `validation_share`, one of both",
    ),
)
TRANSCRIPTS = "*.trans.txt"


@register("source")
class TranscriptTree(ExampleSource):
    """Folders in any depth with a `*.trans.txt` each, as in LibriSpeech: `84/121123/84-121123.trans.txt`.

    A line is the name of a recording beside the file, without its suffix, and what is said in it. Recordings
    are WAV, FLAC or Ogg files.

    Args:
        train: The top folder, such as `LibriSpeech/train-clean-100`, or several.
        validation: The same, for choosing the best epoch.
        test: The same, for the final scores; left out, the run is evaluated on the validation split.
        validation_share: The share of the training recordings that is the validation split instead.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a line without a text or a recording, or skip and count it.
        fields: What the task calls recording and transcript.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If options contradict each other.
        DataError: If a folder is missing, or has no transcripts.
    """

    def __init__(
        self,
        *,
        train: str | list[str],
        validation: str | list[str] | None = None,
        test: str | list[str] | None = None,
        validation_share: Rate | None = None,
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("audio", "transcript"),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        check_arguments(TranscriptTree.__init__, validation_share=validation_share, on_bad_line=on_bad_line)
        super().__init__(
            given={"train": train, "validation": validation, "test": test},
            validation_share=validation_share,
            encoding=encoding,
            on_bad_line=on_bad_line,
            folders=folders,
        )
        self.fields = check_fields(fields, number=2, source="transcript_tree")

    def files(self, split: str) -> list[Path]:
        """The folders that hold transcripts and recordings.

        Raises:
            DataError: If one is not there, or there is none.
        """
        return [path.parent for path in self._transcripts(split)]

    def reading(self) -> dict[str, Any]:
        return {"type": "transcript_tree"}

    def all_rows(self, split: str) -> Iterator[Row]:
        for file in self._transcripts(split):
            for line in read_lines(file, encoding=self.encoding):
                place = f"{file}:{line.number}"
                name, _, text = line.text.strip().partition(" ")
                problem = line.problem or (
                    "" if text.strip() else "expected the name of a recording and a text"
                )
                paths = [file.parent / f"{name}{suffix}" for suffix in SUFFIXES]
                path = next((path for path in paths if path.is_file()), None)
                if not problem and path is None:
                    problem = (
                        f"there is no recording {paths[0]}, nor one that ends in {' or '.join(SUFFIXES[1:])}"
                    )
                yield Row(place, () if problem else (str(path), text.strip()), problem)

    def held_out_by(self, row: Row) -> str:
        """The recording's name: where the data set lies must not matter."""
        return Path(row.texts[0]).name

    def _transcripts(self, split: str) -> list[Path]:
        asked_by = self.asked_by(split)
        given = self.given[split]
        found = []
        for path in [given] if isinstance(given, str) else given:
            top = find_folder(path, self.folders, asked_by=asked_by)
            below = sorted(top.rglob(TRANSCRIPTS))
            if not below:
                fix = f"correct `{asked_by}`, or take the source `recordings` with a table"
                raise data_error(f"there is no {TRANSCRIPTS} in or below it", place=top, fix=fix)
            found += below
        return found
