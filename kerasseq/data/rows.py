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


def texts_of_json(line: str, keys: Sequence[str]) -> tuple[str, ...] | str:
    """The strings at the keys of a JSON object, or what is wrong with the line."""
    try:
        value = json.loads(line)
    except (json.JSONDecodeError, RecursionError) as error:
        return f"invalid JSON: {getattr(error, 'msg', error)}"
    if not isinstance(value, dict):
        return f"expected a JSON object, found {type(value).__name__}"
    texts = []
    for key in keys:
        if key not in value:
            return f"the key {key!r} is missing; there are {', '.join(map(repr, value)) or 'none'}"
        if not isinstance(value[key], str):
            return f"the value of {key!r} is not a string: {value[key]!r}"
        if HALF_PAIR.search(value[key]):
            return f"the value of {key!r} holds half a surrogate pair"
        texts.append(value[key])
    return tuple(texts)
