"""Tagged sentences as JSON Lines: an object a line with a list of words and one of tags; plain or gzip."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from kerasseq.data.lines import Line
from kerasseq.data.rows import HALF_PAIR, Row, object_of_json, value_at
from kerasseq.data.sentences import SentenceSource, sentence_row
from kerasseq.registry import register
from kerasseq.specs import Rate, Supplied, check_arguments

CONSTRAINTS = (
    (
        "(not validation) != (not validation_share)",
        "give `validation` or a `validation_share`, one of both",
    ),
)


@register("source")
class TokenLists(SentenceSource):
    """A sentence a line: `{"tokens": ["Ann", "sleeps"], "tags": ["PROPN", "VERB"]}`.

    Args:
        train: A file, or several that are read one after the other.
        validation: The same, for choosing the best epoch.
        test: The same, for the final scores; left out, the run is evaluated on the validation split.
        validation_share: The share of the training sentences that is the validation split instead.
        columns: For words and tags their keys; unless given the fields' own names.
        encoding: Any that extends ASCII.
        on_bad_line: Stop at a line that cannot be used, or skip and count it.
        fields: What the task calls words and tags.
        folders: Where relative paths are looked up, in order; see `search_folders`.
    Raises:
        ValueError: If options contradict each other.
        DataError: If a file is missing.
    """

    name = "token_lists"

    def __init__(
        self,
        *,
        train: str | list[str],
        validation: str | list[str] | None = None,
        test: str | list[str] | None = None,
        validation_share: Rate | None = None,
        columns: dict[str, str] | None = None,
        encoding: str = "utf-8",
        on_bad_line: Literal["error", "skip"] = "error",
        fields: Supplied[Sequence[str]] = ("tokens", "tags"),
        folders: Supplied[Sequence[Path] | None] = None,
    ):
        check_arguments(TokenLists.__init__, validation_share=validation_share, on_bad_line=on_bad_line)
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
        self.keys = [(columns or {}).get(field, field) for field in self.fields]

    def reading(self) -> dict[str, Any]:
        return {"type": "token_lists", "keys": self.keys}

    def sentences(self, file: Path, lines: Iterator[Line]) -> Iterator[Row]:
        for line in lines:
            place = f"{file}:{line.number}"
            if line.problem:
                yield Row(place, (), line.problem)
            elif line.text.strip():
                found = _lists(line.text, self.keys)
                yield Row(place, (), found) if isinstance(found, str) else sentence_row(place, *found)


def _lists(line: str, keys: Sequence[str]) -> list[list[str]] | str:
    """The lists at the keys of a JSON object, as long as each other, or what is wrong with the line."""
    try:
        value = object_of_json(line)
        words, tags = (_strings(key, value_at(value, key)) for key in keys)
    except ValueError as error:
        return str(error)
    if len(words) != len(tags):
        return f"there are {len(words)} words, but {len(tags)} tags"
    return [words, tags]


def _strings(key: str, found: Any) -> list[str]:
    if not isinstance(found, list) or not found:
        raise ValueError(f"the value of {key!r} is not a list of strings: {found!r}")
    for one in found:
        if not isinstance(one, str) or not one.strip():
            raise ValueError(f"the list of {key!r} holds what is no word or tag: {one!r}")
        if HALF_PAIR.search(one):
            raise ValueError(f"the list of {key!r} holds half a surrogate pair")
    return found
