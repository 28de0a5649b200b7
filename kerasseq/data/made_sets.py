"""Data sets that ship as a script alone, because their files are too many or too large: made at first use."""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from kerasseq.data.cache_folder import CACHE_VARIABLE, alone_in, cache_root
from kerasseq.data.faults import data_error
from kerasseq.run_folder import write_whole
from kerasseq.shipped import shipped_datasets

SCRIPT = "make.py"
DESCRIPTION = "README.md"


def is_script_alone(shipped: Path) -> bool:
    """Whether a shipped data set has a script and no data: its folder holds Python files and a README.md."""
    return (shipped / SCRIPT).is_file() and not any(
        path.suffix != ".py" and path.name != DESCRIPTION for path in _visible(shipped)
    )


def made_sets() -> dict[str, Path]:
    """The shipped data sets that are made at first use, by name: the folder of each one's script."""
    return {name: shipped for name, shipped in shipped_datasets().items() if is_script_alone(shipped)}


def made_set(name: str) -> Path:
    """The folder of a data set that ships as a script alone; made first where it is not there yet.

    The folder's name has a checksum of the scripts: those of another version make another folder.

    Args:
        name: One of `made_sets()`.
    Raises:
        DataError: If the files cannot be written, or the script needs a package that is missing.
    """
    shipped = made_sets()[name]
    folder = cache_root() / "datasets" / f"{name}-{_checksum(shipped)}"
    if not folder.is_dir():
        try:
            with alone_in(folder.parent):
                if not folder.is_dir():  # else another process has made it meanwhile
                    sys.stderr.write(f"making the data set {name} in {folder}\n")
                    _clear_interrupted(folder)
                    write_whole(folder, lambda fresh: make_set(shipped, fresh))
        except OSError as error:
            fix = f"set {CACHE_VARIABLE} to a folder with room"
            message = f"the data set {name} cannot be made here: {error.strerror or error}"
            raise data_error(message, place=folder, fix=fix) from error
    return folder


def make_set(shipped: Path, folder: Path) -> None:
    """Runs `make(folder)` of a data set's script on a new folder.

    Raises:
        DataError: If the script needs a package that is missing.
    """
    folder.mkdir(parents=True)
    name = f"make_{shipped.name}"
    specification = importlib.util.spec_from_file_location(name, shipped / SCRIPT)
    module = importlib.util.module_from_spec(specification)
    sys.modules[name] = module  # its dataclasses look their own module up
    leaves_no_byte_code, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        specification.loader.exec_module(module)
        module.make(folder)
    except ImportError as error:
        message = f"the data set {shipped.name} cannot be made: {error}"
        raise data_error(message, place=shipped / SCRIPT, fix=f"pip install {error.name}") from error
    finally:
        sys.dont_write_bytecode = leaves_no_byte_code
        del sys.modules[name]


def _visible(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.name[0] not in "._":
            yield path


def _checksum(shipped: Path) -> str:
    """Of all that decides what is made; a description does not."""
    digest = hashlib.sha256()
    for path in _visible(shipped):
        if path.name != DESCRIPTION:
            digest.update(f"{path.name}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _clear_interrupted(folder: Path) -> None:
    """Removes what processes left behind that were killed while they made this folder."""
    for path in folder.parent.glob(f".{folder.name}.*"):
        shutil.rmtree(path, ignore_errors=True)
