"""Vocabularies as plain text, one token a line, special tokens first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from kerasseq.data.faults import data_error
from kerasseq.run_folder import write_text
from kerasseq.specs import SPECIAL_TOKENS

ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
NAMED = {escape[1]: letter for letter, escape in ESCAPES.items()}


def escape(token: str) -> str:
    """A token that stays on its line and is seen: white space and control characters as `\\n`, `\\u0020`."""
    return "".join(ESCAPES.get(letter) or _visible(letter) for letter in token)


def _visible(letter: str) -> str:
    if letter.isprintable() and not letter.isspace():
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def unescape(line: str) -> str:
    """What `escape` was given.

    Raises:
        ValueError: At a backslash that begins no escape.
    """
    parts, position = [], 0
    while (found := line.find("\\", position)) >= 0:
        kind = line[found + 1 : found + 2]
        digits = {"u": 4, "U": 8}.get(kind, 0)
        if not digits and kind not in NAMED:
            raise ValueError(f"unknown escape \\{kind}")
        code = line[found + 2 : found + 2 + digits]
        parts += [line[position:found], chr(int(code, 16)) if digits else NAMED[kind]]
        position = found + 2 + digits
    return "".join(parts) + line[position:]


def write_vocabulary(path: Path, vocabulary: Iterable[str]) -> None:
    """Writes one token a line, whole or not at all."""
    write_text(path, "".join(f"{escape(token)}\n" for token in vocabulary))


def read_vocabulary(path: Path, *, first: tuple[str, ...] = SPECIAL_TOKENS) -> list[str]:
    """Reads what `write_vocabulary` wrote.

    Args:
        path: The file.
        first: The tokens that it must begin with.
    Raises:
        DataError: Names the file and line of what is wrong.
    """
    try:
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise data_error(f"cannot be read as a vocabulary: {error}", place=path) from error
    tokens: dict[str, int] = {}
    for number, line in enumerate(lines, 1):
        try:
            token = unescape(line)
        except ValueError as error:
            raise data_error(str(error), place=f"{path}:{number}", fix="write a backslash as \\\\") from error
        if number <= len(first) and token != first[number - 1]:
            fix = f"the first lines are {' '.join(first)}, one a line"
            message = f"expected {first[number - 1]}, found {token!r}"
            raise data_error(message, place=f"{path}:{number}", fix=fix)
        if not token or token in tokens:
            message = f"{token!r} stands in line {tokens[token]} already" if token else "the line is empty"
            raise data_error(message, place=f"{path}:{number}", fix="one token a line, each once")
        tokens[token] = number
    if len(tokens) < len(first):
        message = "the file ends before the special tokens do"
        raise data_error(message, place=f"{path}:{len(tokens)}", fix="train again, or restore the file")
    return list(tokens)


def id_dtype(vocabulary_size: int) -> str:
    """The type that ids take the least room in, on disk."""
    return "uint16" if vocabulary_size <= 2**16 else "int32"


def most_frequent(counts: Counter[str], *, vocabulary_size: int | None, minimum_frequency: int) -> list[str]:
    """The special tokens and then the counted ones, most frequent first, ties in code point order.

    Args:
        counts: How often each token stands in the training split.
        vocabulary_size: The most tokens to keep, special ones included.
        minimum_frequency: Tokens seen less often are left out.
    """
    frequent = ((token, count) for token, count in counts.items() if count >= minimum_frequency)
    ordered = [token for token, _ in sorted(frequent, key=lambda pair: (-pair[1], pair[0]))]
    whole = [*SPECIAL_TOKENS, *(token for token in ordered if token not in SPECIAL_TOKENS)]
    return whole[:vocabulary_size]
