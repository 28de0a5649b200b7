"""Where a data file that a recipe names lies."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from kerasseq.data.faults import data_error
from kerasseq.data.made_sets import made_set, made_sets
from kerasseq.errors import DataError
from kerasseq.shipped import shipped_folder

DATA_VARIABLE = "KERASSEQ_DATA"


def search_folders(*, data_folder: Path | None = None, recipe_folder: Path | None = None) -> list[Path]:
    """The folders that a relative path is looked up in, in this order.

    Args:
        data_folder: What `--data` gives; `$KERASSEQ_DATA` where it gives nothing.
        recipe_folder: Where the recipe lies.
    Returns:
        The data folder, the recipe's folder, the current folder and the shipped data sets.
    """
    data_folder = data_folder or os.environ.get(DATA_VARIABLE)
    folders = [data_folder, recipe_folder, Path.cwd(), shipped_folder("datasets")]
    return list(dict.fromkeys(Path(folder).expanduser().absolute() for folder in folders if folder))


def find_file(path: str, folders: Sequence[Path], *, asked_by: str) -> Path:
    """The first existing file that a path may mean.

    Where there is none, a data set that ships as a script alone is made for it.

    Args:
        path: Absolute, or relative to one of `folders`.
        folders: Where to look, in order.
        asked_by: The recipe's key, for the error.
    Raises:
        DataError: Names every path that was tried.
    """
    found = next((candidate for candidate in _candidates(path, folders) if candidate.is_file()), None)
    if found is None:
        candidates = list(_candidates(path, folders))
        folder = next((candidate for candidate in candidates if candidate.is_dir()), None)
        is_what = f"is a folder, not a file: {folder}" if folder else f"is not there: {path}"
        raise _not_found(is_what, candidates, asked_by)
    return found.resolve()


def find_folder(path: str, folders: Sequence[Path], *, asked_by: str) -> Path:
    """The first existing folder that a path may mean; arguments and errors are those of `find_file`."""
    found = next((candidate for candidate in _candidates(path, folders) if candidate.is_dir()), None)
    if found is None:
        candidates = list(_candidates(path, folders))
        file = next((candidate for candidate in candidates if candidate.exists()), None)
        is_what = f"is a file, not a folder: {file}" if file else f"is not there: {path}"
        raise _not_found(is_what, candidates, asked_by)
    return found.resolve()


def _candidates(path: str, folders: Sequence[Path]) -> Iterator[Path]:
    """Each place that a path may mean, in order; to ask for the last one may make a data set."""
    given = Path(path).expanduser()
    if given.is_absolute():
        yield given
        return
    shipped = shipped_folder("datasets")
    name = given.parts[0] if given.parts else ""
    is_made = shipped in folders and name in made_sets()
    yield from (folder / given for folder in folders if not (is_made and folder == shipped))
    if is_made:
        yield made_set(name).joinpath(*given.parts[1:])


def _not_found(is_what: str, candidates: Sequence[Path], asked_by: str) -> DataError:
    tried = "".join(f"\n  looked at: {candidate}" for candidate in candidates)
    fix = f"correct the path, or give the folder it lies in with --data or ${DATA_VARIABLE}"
    return DataError(f"`{asked_by}` {is_what}{tried}\n  fix: {fix}")


def empty_file(paths: Sequence[Path], *, asked_by: str) -> DataError:
    """The error for a split that holds no example at all."""
    names = ", ".join(map(str, paths))
    return data_error(f"`{asked_by}` holds no examples: {names}", fix="give a file with at least one")
