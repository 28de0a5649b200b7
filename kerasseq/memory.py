"""Memory that stays with the process from one step of training, or of a search, to the next."""

from __future__ import annotations

import ctypes
import os
import sys

# Numbers of the parameters from glibc's malloc.h, which no header gives to Python.
TRIM_THRESHOLD, TOP_PAD, MMAP_THRESHOLD = -1, -2, -3
SETTINGS = {MMAP_THRESHOLD: 2**30, TRIM_THRESHOLD: 2**31 - 1, TOP_PAD: 2**26}


def keep_freed_memory() -> bool:
    """Has glibc keep what is freed for the next step, for the whole process and until it ends.

    A step of training or of a search frees its large tensors, logits above all, and the next one asks for the
    same again. glibc hands blocks of 32 MB and more back to the system at once, smaller ones too once
    TensorFlow has read a Python generator, and its heap's end; taking them back means a page fault for each
    4 KB. The process stays as large as its largest step.

    Where the environment has settings of its own (`GLIBC_TUNABLES`, `MALLOC_...`), they stay.

    Returns:
        Whether it does; never elsewhere than with glibc.
    """
    if sys.platform != "linux" or _is_set_by_hand():
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return mallopt is not None and all(mallopt(*setting) for setting in SETTINGS.items())


def _is_set_by_hand() -> bool:
    return "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "") or any(
        name.startswith("MALLOC_") for name in os.environ
    )
