"""One checkpoint: arrays and a little text in a zip archive, which has a checksum of each of its parts."""

from __future__ import annotations

import errno
import json
import os
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from kerasseq.errors import RunFolderError
from kerasseq.run_folder import write_whole

FIX = "fix: start the run over with --fresh"
BROKEN = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile)


def save(path: Path, variables: Sequence[Any], state: Mapping[str, Any], *, flush: bool = False) -> None:
    """Writes variables and what JSON can hold; a reader sees all of it or nothing.

    With `flush` it waits for the disk, so that a power cut leaves it whole, too.

    Raises:
        RunFolderError: If it cannot be written; what was there before is untouched.
    """
    arrays = {f"{index}": keras.ops.convert_to_numpy(variable) for index, variable in enumerate(variables)}
    text = json.dumps({**state, "variables": [variable.path for variable in variables]})

    def write(fresh: Path) -> None:
        with fresh.open("wb") as file:
            np.savez(file, state=np.array(text), **arrays)
            if flush:
                file.flush()
                os.fsync(file.fileno())

    try:
        write_whole(path, write)
    except OSError as error:
        full = " The disk is full." if error.errno in (errno.ENOSPC, errno.EDQUOT) else ""
        raise RunFolderError(
            f"{path} cannot be written: {error.strerror or error}.{full} "
            "Earlier checkpoints are as they were.\n"
            "  fix: make room, then run the same command again: it goes on from the last one"
        ) from error


def load(path: Path, variables: Sequence[Any]) -> tuple[list[np.ndarray], dict[str, Any]]:
    """The arrays for these variables, which are left as they are, and the rest.

    Raises:
        UnreadableError: If the file is torn or changed.
        RunFolderError: If it holds another model's variables.
    """
    try:
        with path.open("rb") as file, np.load(file) as saved:
            state = json.loads(str(saved["state"]))
            arrays = [saved[str(index)] for index in range(len(state["variables"]))]
    except BROKEN as error:
        raise UnreadableError(f"{path} cannot be read: {error}.\n  {FIX}") from error
    if len(arrays) != len(variables):
        raise RunFolderError(
            f"{path} holds {len(arrays)} variables, and the model has {len(variables)}.\n  {FIX}"
        )
    for variable, array in zip(variables, arrays, strict=True):
        if tuple(variable.shape) != array.shape:
            raise RunFolderError(
                f"{path} holds another model: {variable.path} is {tuple(variable.shape)}, there it is "
                f"{array.shape}.\n  {FIX}"
            )
    return arrays, state


def assign(variables: Sequence[Any], arrays: Sequence[np.ndarray]) -> None:
    """Gives variables the values of a checkpoint."""
    for variable, array in zip(variables, arrays, strict=True):
        if array.dtype.kind == "V":  # NumPy does not know bfloat16 again
            array = array.view(keras.ops.convert_to_numpy(variable).dtype)
        variable.assign(array)


class UnreadableError(RunFolderError):
    """A checkpoint that is torn, or was changed on disk."""
