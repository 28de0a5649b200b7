"""What every source does with its lines: stop at one that cannot be used, or skip it, and read JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from kerasseq.data.faults import data_error

HALF_PAIR = re.compile("[\ud800-\udfff]")  # JSON can spell it, UTF-8 cannot
JSON_SUFFIXES = (".jsonl", ".ndjson", ".json")


class Row(NamedTuple):
    """An example, or what is wrong with it."""

    place: str
    texts: tuple[str, ...]
    problem: str = ""


def stripped_row(place: str, texts: Sequence[str], fields: Sequence[str]) -> Row:
    """An example without the white space around its texts, none of which may be empty."""
    stripped = tuple(text.strip() for text in texts)
    if "" in stripped:
        return Row(place, (), f"the {fields[stripped.index('')]} is empty")
    return Row(place, stripped)


def usable_rows(
    rows: Iterable[Any], *, on_bad_line: str, on_skip: Callable[[Any], None] | None = None
) -> Iterator[Any]:
    """The rows without a problem.

    Args:
        rows: Each a `Row`, or like it a tuple with a `place` and a `problem`.
        on_bad_line: `error` or `skip`.
        on_skip: Called with every row that is skipped.
    Raises:
        DataError: At the first row with a problem unless they are skipped.
    """
    for row in rows:
        if not row.problem:
            yield row
        elif on_bad_line == "error":
            fix = "correct the line, or set `data.source.on_bad_line: skip`"
            raise data_error(row.problem, place=row.place, fix=fix)
        elif on_skip is not None:
            on_skip(row)


def check_fields(fields: Sequence[str], *, number: int, source: str) -> tuple[str, ...]:
    """The fields of a task, held to be as many as a source has texts in an example.

    Raises:
        DataError: If they are not.
    """
    if len(fields) != number:
        message = f"`data.source` is {source!r}, which has {number} texts an example, not {', '.join(fields)}"
        raise data_error(message, fix="take another source, or another model")
    return tuple(fields)


def texts_of_json(
    line: str, keys: Sequence[str], *, with_numbers: bool = False, join: str | None = None
) -> tuple[str, ...] | str:
    """The strings at the keys of a JSON object, or what is wrong with the line.

    Args:
        line: One line of JSON Lines.
        keys: Where the strings are.
        with_numbers: Whether a number, true or false may stand there, as it is written.
        join: What a list of strings is joined with; None takes no lists.
    """
    try:
        found = object_of_json(line)
        return tuple(_text_at(found, key, with_numbers=with_numbers, join=join) for key in keys)
    except ValueError as error:
        return str(error)


def grouped_texts_of_json(
    line: str, keys: Sequence[str], *, join: str | None = None
) -> list[tuple[str, ...]] | str:
    """As `texts_of_json`, once for each string of the list at the last key, or for one that stands there."""
    try:
        found = object_of_json(line)
        *given, last = keys
        start = tuple(_text_at(found, key, join=join) for key in given)
        several = found[last] if isinstance(found.get(last), list) else [_text_at(found, last)]
        if not several:
            raise ValueError(f"the list at {last!r} is empty")
        return [(*start, _string(text, last)) for text in several]
    except ValueError as error:
        return str(error)


def object_of_json(line: str) -> dict[str, Any]:
    """The JSON object of a line.

    Raises:
        ValueError: Says what is wrong with the line.
    """
    try:
        value = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        raise ValueError(f"invalid JSON: {getattr(error, 'msg', error)}") from error
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, found {type(value).__name__}")
    return value


def value_at(found: dict[str, Any], key: str) -> Any:
    """The value at a key of a line's object.

    Raises:
        ValueError: If there is none.
    """
    if key not in found:
        raise ValueError(f"the key {key!r} is missing; there are {', '.join(map(repr, found)) or 'none'}")
    return found[key]


def _text_at(found: dict[str, Any], key: str, *, with_numbers: bool = False, join: str | None = None) -> str:
    value = value_at(found, key)
    if with_numbers and isinstance(value, (int, float)):
        return json.dumps(value)
    if join is not None and isinstance(value, list):
        return join.join(_string(text, key) for text in value)
    return _string(value, key)


def _string(value: Any, key: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"the value of {key!r} is not a string: {value!r}")
    if HALF_PAIR.search(value):
        raise ValueError(f"the value of {key!r} holds half a surrogate pair")
    return value
