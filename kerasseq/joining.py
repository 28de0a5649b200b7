"""Who trains a recipe: this process alone, or with others whom the environment and the recipe name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kerasseq.errors import KerasseqError
from kerasseq.recipe.resolve import Recipe
from kerasseq.registry import load
from kerasseq.workers.alone import Alone
from kerasseq.workers.place import Place, place_of


@dataclass(frozen=True)
class Team:
    """Who takes part in a run.

    Args:
        workers: All of them, as this process sees them.
        out: Where this process writes: the run folder, or for all but the chief a folder that goes away.
    """

    workers: Alone
    out: str | os.PathLike | None


@contextmanager
def joined(
    checked: Recipe, out: str | os.PathLike | None, *, shown: str, sanity: bool = False
) -> Iterator[Team]:
    """Joins the workers of `TF_CONFIG`, or takes the devices of `train.devices`.

    Args:
        checked: The recipe.
        out: The run folder that was asked for.
        shown: The run folder, as messages name it.
        sanity: Whether `--sanity` was asked for.
    Raises:
        KerasseqError: If the recipe asks for what several cannot do, or there are no such devices.
        WorkerLost: If a worker went away.
    """
    devices, place = checked.values["train"]["devices"], place_of(os.environ)
    if devices == 1 and place.count == 1:
        yield Team(Alone(), out)
        return
    _check(checked, place, devices, sanity=sanity)
    from kerasseq.workers.group import Group, telling_of_losses

    advice = f"start the same command on all workers again: it goes on from the last checkpoint in {shown}"
    with telling_of_losses(advice), tempfile.TemporaryDirectory(prefix="kerasseq_worker_") as own:
        workers = Group(index=place.index, count=place.count, devices=devices)
        yield Team(workers, out if workers.is_chief else Path(own) / "run")


def _check(checked: Recipe, place: Place, devices: int, *, sanity: bool) -> None:
    from kerasseq.train.sharing import check_shared

    if devices > 1 and place.count > 1:
        raise KerasseqError(
            f"`train.devices` is {devices}, and TF_CONFIG names {place.count} workers, which have a device "
            "each.\n  fix: name a worker for each device in TF_CONFIG, and leave train.devices at 1"
        )
    check_shared(
        Alone(index=place.index, count=place.count, devices=devices),
        train=checked.values["train"],
        batch_size=checked.values["data"]["batch_size"],
        carries_state=load("task", checked.values["model"]["type"]).carries_state,
        sanity=sanity,
    )
