"""Treebanks of Universal Dependencies: CoNLL-U files, plain or gzip."""

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
)
COLUMNS = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
NO_WORD = re.compile(r"\d+[-.]\d+")  # a range such as 8-9, or an empty node such as 24.1


@register("source")
class Conllu(SentenceSource):
    """The words of CoNLL-U files with what one column says of each.

    A word is a line of ten columns with tabs between; an empty line ends a sentence. Comments, lines of
    ranges (`8-9`) and empty nodes (`24.1`) are left out.

    Args:
        train: A file, or several that are read one after the other.
        validation: The same, for choosing the best epoch.
        test: The same, for the final scores; left out, the run is evaluated on the validation split.
        validation_share: The share of the training sentences that is the validation split instead.
        column: The one that holds the tags.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a sentence that cannot be used, or skip and count it.
        fields: What the task calls words and tags.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If options contradict each other.
        DataError: If a file is missing.
    """

    name = "conllu"

    def __init__(
        self,
        *,
        train: str | list[str],
        validation: str | list[str] | None = None,
        test: str | list[str] | None = None,
        validation_share: Rate | None = None,
        column: Literal["lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc"] = "upos",
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("tokens", "tags"),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        own = {"column": column, "on_bad_line": on_bad_line}
        check_arguments(Conllu.__init__, validation_share=validation_share, **own)
        super().__init__(
            given={"train": train, "validation": validation, "test": test},
            fields=fields,
            validation_share=validation_share,
            encoding=encoding,
            on_bad_line=on_bad_line,
            folders=folders,
        )
        self.column = column

    def reading(self) -> dict[str, Any]:
        return {"type": "conllu", "column": self.column}

    def sentences(self, file: Path, lines: Iterator[Line]) -> Iterator[Row]:
        place = COLUMNS.index(self.column)
        sentence = Sentence(file)
        for line in lines:
            if not line.problem and not line.text.strip():
                yield from sentence.rows()
                sentence = Sentence(file)
            elif line.problem or not line.text.startswith("#"):
                _add(sentence, line, place)
        yield from sentence.rows()


def _add(sentence: Sentence, line: Line, place: int) -> None:
    cells = line.text.split("\t")
    if line.problem:
        sentence.spoil(line.number, line.problem)
    elif len(cells) != len(COLUMNS):
        problem = f"expected {len(COLUMNS)} columns with tabs between, found {len(cells)}"
        sentence.spoil(line.number, problem)
    elif not NO_WORD.fullmatch(cells[0]):
        if cells[0] != str(len(sentence) + 1):
            sentence.spoil(line.number, f"expected word {len(sentence) + 1}, found {cells[0]!r}")
        sentence.add(line.number, cells[1], cells[place])
