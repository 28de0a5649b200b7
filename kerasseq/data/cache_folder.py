"""Where prepared and made data is kept, and who may write there."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CACHE_VARIABLE = "KERASSEQ_CACHE"


def cache_root(folder: str | None = None) -> Path:
    """The folder for what can be made again: `folder`, else $KERASSEQ_CACHE or ~/.cache/kerasseq.

    It is shared by all runs of a user, because runs that are compared read the same data, and a run folder
    stays small enough to send; everything in it can be deleted at any time.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(folder or os.environ.get(CACHE_VARIABLE) or Path(base, "kerasseq")).expanduser().absolute()


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Lets one process at a time go on in a folder, which is made; the lock goes with its process."""
    folder.mkdir(parents=True, exist_ok=True)
    place = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(place, fcntl.LOCK_EX)
        yield
    finally:
        os.close(place)
