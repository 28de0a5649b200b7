"""Text files line by line, plain or gzip, with the place of every line."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from kerasseq.data.faults import data_error
from kerasseq.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Line(NamedTuple):
    """A line without its end; `problem` says what is wrong with it, and `text` is empty then.

    `is_ended` tells whether its end stands in the file: not after the last line, perhaps, nor in a long one.
    """

    number: int
    text: str
    problem: str = ""
    is_ended: bool = True


def check_encoding(encoding: str) -> str:
    """The codec's own name.

    Raises:
        ValueError: If it is unknown, or if its line ends are not single bytes.
    """
    try:
        found = codecs.lookup(encoding).name
        is_plain = "a\n".encode(found) == b"a\n" or found == "utf-8-sig"
    except (LookupError, UnicodeError):
        raise ValueError(f"`encoding` is not known to Python. Received: encoding={encoding!r}") from None
    if not is_plain:
        raise ValueError(f"`encoding` must extend ASCII, as utf-8 does. Received: encoding={encoding!r}")
    return "utf-8" if found == "utf-8-sig" else found


def _open(path: Path) -> IO[bytes]:
    with path.open("rb") as file:
        is_gzip = file.read(2) == GZIP_MAGIC
    return gzip.open(path, "rb") if is_gzip else path.open("rb")


def read_lines(path: Path, *, encoding: str, longest: int = -1) -> Iterator[Line]:
    """Streams a file. Lines end with LF or CRLF; a byte order mark is dropped; gzip is known by its content.

    Args:
        path: The file.
        encoding: As `check_encoding` returns it.
        longest: Lines of more bytes come in pieces, cut before white space where there is any; -1 cuts none.
    Raises:
        DataError: If the file cannot be read, or its gzip stream is broken.
    """
    number = 1
    try:
        with _open(path) as file:
            for line in _pieces(file, encoding, longest, path):
                number = line.number + line.is_ended
                yield line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        message = f"the gzip stream breaks off: {error}"
        raise data_error(message, place=f"{path}:{number}", fix="fetch the file again") from error
    except OSError as error:
        raise data_error(f"cannot be read: {error.strerror}", place=path, fix="check its rights") from error


def _pieces(file: IO[bytes], encoding: str, longest: int, path: Path) -> Iterator[Line]:
    number, column, rest, is_first = 1, 0, b"", encoding == "utf-8"
    while raw := rest + file.readline(longest):
        if is_first:
            if raw.startswith(UTF16_MARKS):
                raise _not_utf16(path)
            raw, is_first = raw.removeprefix(codecs.BOM_UTF8), False
        is_ended = raw.endswith(b"\n")
        is_cut = not is_ended and 0 < longest <= len(raw)
        place = _cut(raw, encoding) if is_cut else len(raw)
        piece, rest = raw[:place], raw[place:]
        if not is_cut:
            piece = piece.removesuffix(b"\n").removesuffix(b"\r")
        try:
            yield Line(number, piece.decode(encoding), is_ended=is_ended)
        except UnicodeDecodeError as error:
            yield Line(number, "", _undecodable(error, encoding, column), is_ended)
        number, column = number + is_ended, 0 if is_ended else column + place


def _cut(raw: bytes, encoding: str) -> int:
    """Where to cut the beginning of a long line: before its last blank, or after its last whole character."""
    if (place := max(raw.rfind(b" "), raw.rfind(b"\t"))) > 0:
        return place
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    decoder.decode(raw)
    return len(raw) - len(decoder.getstate()[0]) - raw.endswith(b"\r")  # which may belong to the line's end


def _undecodable(error: UnicodeDecodeError, encoding: str, column: int) -> str:
    byte = error.object[error.start]
    return f"byte 0x{byte:02x} at column {column + error.start + 1} is not {encoding}"


def _not_utf16(path: Path) -> DataError:
    fix = f"iconv -f utf-16 -t utf-8 {path.name} > converted"
    return data_error("the file is UTF-16, which is not read line by line", place=f"{path}:1", fix=fix)
