"""Trains small recipes one after the other, each with all workers of TF_CONFIG; `python together.py FOLDER`.

The first worker writes what the tests look at: run folders, and what every worker saw. At last the second one
is killed amid a training.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from pathlib import Path

import numpy as np

from kerasseq import cli, pipeline
from kerasseq.errors import Interrupted, KerasseqError
from kerasseq.train.callbacks.between_steps import BetweenSteps
from kerasseq.train.replicas import Replicas
from kerasseq.training import train_recipe
from kerasseq.workers import group as grouping
from kerasseq.workers.group import Group
from kerasseq.workers.place import place_of

# A checkpoint behind each step, as the command that goes on has it.
BROKEN = ["train.checkpoint_minutes=0", "train.keep_checkpoints=99"]


def main(folder: Path) -> None:
    place = place_of(os.environ)
    group = Group(index=place.index, count=place.count, devices=1)
    seen = follow_rows()
    given = group.gathered((group.index, b"\xff" * (3 * group.index)))
    found = {"gathered": [[index, data.hex()] for index, data in given]}
    for recipe in sorted(folder.glob("*.yaml")):
        seen.clear()
        own = folder / (recipe.stem if group.is_chief else f"other_{recipe.stem}")
        opened = train_recipe(pipeline.check(recipe), out=own, workers=group)
        found[recipe.stem] = {
            "rows": group.gathered(list(seen)),
            "measured": pipeline._evaluate(opened, group)["validation"],
        }
    found["stopped"] = group.gathered(stopped(folder, group))
    try:
        group.of_chief(lambda: fail("the disk"))
    except KerasseqError as error:
        found["failed"] = group.gathered(str(error))
    if group.is_chief:
        (folder / "found.json").write_text(json.dumps(found))
    lost(folder, group)


def follow_rows() -> list:
    """Notes the first inputs of each share that counts, as they are handed to `fit`."""
    seen, before = [], Replicas.dataset

    def dataset(self, batches):
        def note(batch, counts):
            inputs = batch[0]
            rows = inputs.get("source", inputs.get("text"))
            if counts:
                seen.append(np.asarray(rows).tolist())

        shares = before(self, batches)
        for share in shares:
            note(*share)
        return shares

    Replicas.dataset = dataset
    return seen


@contextmanager
def signalled(group: Group, number: int) -> Iterator[None]:
    """The second worker gets a signal behind its second step."""
    before = BetweenSteps.on_train_batch_end

    def send(self, batch, logs=None):
        if not group.is_chief and batch == 1:
            os.kill(os.getpid(), number)
        before(self, batch, logs)

    BetweenSteps.on_train_batch_end = send
    try:
        yield
    finally:
        BetweenSteps.on_train_batch_end = before


def stopped(folder: Path, group: Group) -> str:
    """What a worker says that is asked to stop."""
    out = folder / ("broken" if group.is_chief else "other_broken")
    try:
        with signalled(group, signal.SIGTERM):
            train_recipe(pipeline.check(folder / "text.yaml", BROKEN), out=out, workers=group)
    except Interrupted as interrupted:
        return f"{interrupted.exit_code}: {interrupted}"
    return "it went on"


def lost(folder: Path, group: Group) -> None:
    """Goes on with it by command, until the second worker is no more; what the first one says is a file."""
    grouping.Group = lambda **place: group  # a process joins once
    os.chdir(folder)
    sys.argv = ["kerasseq", "train", "text.yaml", "--out", "broken", *BROKEN]
    with (folder / "said.txt").open("w") as file, redirect_stderr(file), signalled(group, signal.SIGKILL):
        cli.main()


def fail(what: str) -> None:
    raise KerasseqError(f"{what} is full")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
