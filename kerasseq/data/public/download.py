"""A file from the network, gone on with where an earlier try stopped, and put in place when it is whole."""

from __future__ import annotations

import http.client
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from kerasseq.data.faults import data_error

TRIES = 3
TIMEOUT_SECONDS = 60
BLOCK = 2**18
BETWEEN_LINES_SECONDS = 0.2
SCHEMES = ("http://", "https://")


class Incomplete(Exception):
    """The connection ended before the file did."""


def download(addresses: Sequence[str], target: Path) -> None:
    """Fetches a file to `target`, unless it is there.

    What has come of it is kept beside it, so that another call goes on from there, also after the process
    was ended.

    Args:
        addresses: Where it is; the next one is tried where one does not answer.
        target: Where it goes.
    Raises:
        DataError: If none of the addresses gives it, or there is no room for it.
    """
    if target.exists():
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{target.name}.part")
    reasons = []
    for address in addresses:
        if not address.startswith(SCHEMES):
            raise data_error(f"is no address of a file on the network: {address}", place=target)
        reason = _try(address, part, name=target.name)
        if not reason:
            os.replace(part, target)
            _mark_of(part).unlink(missing_ok=True)
            return
        reasons.append(f"{address}: {reason}")
    fix = f"run the same command again, which goes on where it stopped; or put the file there: {target}"
    raise data_error(
        "could not be fetched\n  tried: " + "\n  tried: ".join(reasons), place=target.name, fix=fix
    )


def check_room(folder: Path, needed: int) -> None:
    """Holds that a folder's disk has room for so many bytes.

    Raises:
        DataError: If not.
    """
    free = shutil.disk_usage(folder).free
    if needed > free:
        message = f"needs {megabytes(needed)} and has {megabytes(free)} free"
        raise data_error(message, place=folder, fix="make room, or give another folder with --out")


def megabytes(size: int) -> str:
    """A size as people read it."""
    return f"{size / 1e6:,.1f} MB"


def _try(address: str, part: Path, *, name: str) -> str:
    """Fetches what is missing of a file; says why if that does not work."""
    reason, tries = "", 0
    while tries < TRIES:
        before = _size(part)
        try:
            _go_on(address, part, name=name)
            return ""
        except HTTPError as error:
            reason = f"HTTP {error.code} {error.reason}"
            if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and before:
                part.unlink()  # it is another file now
            elif error.code < http.HTTPStatus.INTERNAL_SERVER_ERROR:
                return reason
        except URLError as error:
            reason = str(error.reason)
        except (Incomplete, http.client.HTTPException, ConnectionError, TimeoutError) as error:
            reason = str(error) or type(error).__name__
        tries = 1 if _size(part) > before else tries + 1
    return reason


def _go_on(address: str, part: Path, *, name: str) -> None:
    headers = {"User-Agent": "kerasseq", "Accept-Encoding": "identity"}
    mark = _mark_of(part)
    have = _size(part) if mark.exists() else 0
    if have:
        headers |= {"Range": f"bytes={have}-", "If-Range": mark.read_text("utf-8")}
    with urlopen(Request(address, headers=headers), timeout=TIMEOUT_SECONDS) as response:
        is_rest = response.status == http.HTTPStatus.PARTIAL_CONTENT
        have = have if is_rest else 0
        length = response.headers.get("Content-Length")
        total = None if length is None else have + int(length)
        check_room(part.parent, 0 if total is None else total - have)
        _remember(mark, response.headers)
        with part.open("ab" if is_rest else "wb") as file, Progress(name, total) as progress:
            while block := response.read(BLOCK):
                file.write(block)
                have += len(block)
                progress.show(have)
    if total is not None and have < total:
        raise Incomplete(f"the connection ended after {megabytes(have)} of {megabytes(total)}")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _mark_of(part: Path) -> Path:
    return part.with_suffix(".mark")


def _remember(mark: Path, headers: Any) -> None:
    """Keeps what tells this very file from a later one; without it there is no going on."""
    found = headers.get("ETag")
    if found is None or found.startswith("W/"):
        found = headers.get("Last-Modified")
    if found:
        mark.write_text(found, encoding="utf-8")
    else:
        mark.unlink(missing_ok=True)


class Progress:
    """A line on standard error about a file that is coming; in a log, one when it has come.

    Args:
        name: The file.
        total: Its bytes, if they are known.
    """

    def __init__(self, name: str, total: int | None):
        self._name = name
        self._of = "" if total is None else f" of {megabytes(total)}"
        self._is_watched = sys.stderr.isatty()
        self._have, self._shown = 0, 0.0

    def __enter__(self) -> Progress:
        return self

    def show(self, have: int) -> None:
        """Says how many bytes there are now."""
        self._have = have
        if self._is_watched and time.monotonic() - self._shown > BETWEEN_LINES_SECONDS:
            self._shown = time.monotonic()
            sys.stderr.write(f"\r{self._line()}")
            sys.stderr.flush()

    def __exit__(self, *_: object) -> None:
        sys.stderr.write(f"\r{self._line()}\n" if self._is_watched else f"{self._line()}\n")

    def _line(self) -> str:
        return f"{self._name}  {megabytes(self._have)}{self._of}"
