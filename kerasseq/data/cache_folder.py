"""Where prepared and made data is kept."""

from __future__ import annotations

import os
from pathlib import Path

CACHE_VARIABLE = "KERASSEQ_CACHE"


def cache_root(folder: str | None = None) -> Path:
    """The folder for what can be made again: `folder`, else $KERASSEQ_CACHE or ~/.cache/kerasseq.

    It is shared by all runs of a user, because runs that are compared read the same data, and a run folder
    stays small enough to send; everything in it can be deleted at any time.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(folder or os.environ.get(CACHE_VARIABLE) or Path(base, "kerasseq")).expanduser().absolute()
