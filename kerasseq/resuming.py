"""Whether a run folder may be used: empty, started over, or gone on with where it left off."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

from kerasseq.errors import RunFolderError
from kerasseq.recipe import load_recipe
from kerasseq.recipe.resolve import Recipe
from kerasseq.run_folder import RunFolder

# What may differ between a run folder and the recipe that goes on with it.
RESUMABLE = ("train.epochs", "decode", "evaluate", "export")


def claim(folder: RunFolder, recipe: Recipe, *, fresh: bool) -> None:
    """Makes sure that a run folder is empty, started over, or holds this very recipe's run.

    Raises:
        RunFolderError: If it holds anything else; nothing in it is touched then.
    """
    if folder.path.exists() and not folder.path.is_dir():
        raise RunFolderError(f"{folder.path} is a file.\n  fix: name another folder with --out")
    if not folder.recipe.exists():
        if folder.path.exists() and any(folder.path.iterdir()):
            raise RunFolderError(
                f"{folder.path} holds something else than a run.\n  fix: name another folder with --out"
            )
        return
    if fresh or not was_trained(folder):  # before its first epoch is done there is nothing to lose
        shutil.rmtree(folder.path)
        return
    differing = sorted(_differences(load_recipe(folder.recipe).values, recipe.values))
    if differing:
        raise RunFolderError(
            f"{folder.path} holds a run of another recipe; it differs in: {', '.join(differing)}.\n"
            "  fix: --fresh starts over, --out DIR puts this run elsewhere"
        )


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
