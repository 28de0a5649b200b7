"""Whether a run folder may be used: empty, started over, or gone on with where it left off."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kerasseq.errors import RunFolderError
from kerasseq.recipe import load_recipe
from kerasseq.recipe.resolve import Recipe
from kerasseq.run_folder import RunFolder

# What may differ between a run folder and the recipe that goes on with it.
RESUMABLE = (
    "train.epochs", "train.max_steps", "train.max_minutes", "train.patience", "train.checkpoint_minutes",
    "train.keep_checkpoints", "train.on_nan", "train.watch", "train.devices", "decode", "evaluate", "export",
)  # fmt: skip
UNFINISHED = re.compile(r"\..+\.\d+\.\w+")  # as `write_whole` names it


_held: set[Path] = set()


@contextmanager
def alone(folder: RunFolder) -> Iterator[None]:
    """Keeps other processes off a run folder, until it ends or this process dies.

    The lock is the operating system's, on a file in the folder; on Windows nobody is kept off.

    Raises:
        RunFolderError: If another process is at work in it.
    """
    place = folder.path.resolve()
    if place in _held or place.is_file():  # of a file, `claim` says what is wrong
        yield
        return
    place.mkdir(parents=True, exist_ok=True)
    descriptor = _locked(folder.lock)
    _held.add(place)
    try:
        yield
    finally:
        _held.remove(place)
        folder.lock.unlink(missing_ok=True)  # while it is held, so that nobody has locked it since
        os.close(descriptor)
        if not any(place.iterdir()):
            place.rmdir()


def _locked(path: Path) -> int:
    """A descriptor of the file, locked."""
    try:
        import fcntl
    except ImportError:
        return os.open(path, os.O_RDWR | os.O_CREAT)
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(descriptor, 200).decode("utf-8", "replace") or "another process"
            os.close(descriptor)
            raise RunFolderError(
                f"{path.parent} is in use by {holder}.\n  fix: wait for it, or name another folder with --out"
            ) from error
        if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
            break
        os.close(descriptor)  # its holder had just removed it
    os.truncate(descriptor, 0)
    os.write(descriptor, f"process {os.getpid()} on {platform.node()}".encode())
    return descriptor


def claim(folder: RunFolder, recipe: Recipe, *, fresh: bool) -> None:
    """Makes sure that a run folder is empty, started over, or holds this very recipe's run.

    Raises:
        RunFolderError: If it holds anything else; nothing in it is touched then.
    """
    if folder.path.exists() and not folder.path.is_dir():
        raise RunFolderError(f"{folder.path} is a file.\n  fix: name another folder with --out")
    if not folder.recipe.exists():
        if _contents(folder):
            raise RunFolderError(
                f"{folder.path} holds something else than a run.\n  fix: name another folder with --out"
            )
        return
    if fresh or not was_trained(folder):  # before its first epoch is done there is nothing to lose
        _empty(folder)
        return
    differing = sorted(_differences(load_recipe(folder.recipe).values, recipe.values))
    if differing:
        raise RunFolderError(
            f"{folder.path} holds a run of another recipe; it differs in: {', '.join(differing)}.\n"
            "  fix: --fresh starts over, --out DIR puts this run elsewhere"
        )
    _sweep(folder)


def _sweep(folder: RunFolder) -> None:
    """Removes what a process that was killed left half-written; checkpoints may be large."""
    for place in (folder.path, folder.checkpoints):
        for path in place.glob(".*"):
            if UNFINISHED.fullmatch(path.name) and path.is_file():
                path.unlink()


def _contents(folder: RunFolder) -> list[Path]:
    """What is in it, but for the lock."""
    return [path for path in folder.path.glob("*") if path != folder.lock] if folder.path.exists() else []


def _empty(folder: RunFolder) -> None:
    if not folder.lock.exists():
        shutil.rmtree(folder.path)
        return
    for path in _contents(folder):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def was_trained(folder: RunFolder) -> bool:
    """Whether an epoch of the run was ever done."""
    return folder.checkpoints.exists() or folder.model.exists()


def check_same_data(folder: RunFolder, checksums: Mapping[str, str]) -> None:
    """Holds that a run goes on with the files that it was begun with.

    Args:
        folder: The run, with the `environment.json` of its last session, if there was one.
        checksums: SHA-256 of every file that was read now, by its path.
    Raises:
        RunFolderError: Names the files that have changed.
    """
    if not (was_trained(folder) and folder.environment.exists()):
        return
    before = json.loads(folder.environment.read_text("utf-8"))["data"]["sha256"]
    changed = [path for path in checksums if before.get(path, checksums[path]) != checksums[path]]
    if changed:
        raise RunFolderError(
            f"{folder.path} was trained on other data; changed since: {', '.join(changed)}.\n"
            "  fix: --fresh starts over, --out DIR puts this run elsewhere"
        )


def _differences(before: Any, now: Any, key: str = "") -> Iterator[str]:
    if key in RESUMABLE or before == now:
        return
    if isinstance(before, dict) and isinstance(now, dict):
        for name in {**before, **now}:
            inner = f"{key}.{name}" if key else name
            yield from _differences(before.get(name), now.get(name), inner)
    else:
        yield key
