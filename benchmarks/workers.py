"""Two workers on this machine beside one: losses, examples seen, a kill in between, and examples per second.

    python benchmarks/workers.py [--recipe translate_dates] [--batch-size 64] [--folder DIR]

Each training is a `kerasseq` process, or `kerasseq launch` with two. Dropout, which differs, is off.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

LIMIT_SECONDS = 1800
PLAIN = (
    "train.epochs=2", "evaluate.metrics=[]", "train.monitor=validation_loss",
    "train.checkpoint_minutes=0", "train.keep_checkpoints=100000",
    "model.dropout=0", "model.decoder.dropout=0", "train.scheduled_sampling=null", "train.clipping={}",
)  # fmt: skip


def main() -> None:
    """Prints what came of each."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--recipe", default="translate_dates")
    options.add_argument("--steps", type=int, default=24, help="steps of each training")
    options.add_argument("--batch-size", type=int, default=64)
    options.add_argument("--folder", type=Path)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as made:
        folder = chosen.folder or Path(made)
        given = [
            chosen.recipe,
            *PLAIN,
            f"data.batch_size={chosen.batch_size}",
            f"train.max_steps={chosen.steps}",
        ]
        begin = ("launch", "--workers", "2", "--train")
        ends = {name: _finished(_start(verb, given, folder / name)) for name, verb in {
            "one": ("train",), "two": begin,
        }.items()}  # fmt: skip
        if any(ends.values()):
            sys.exit(f"exit codes: {ends}")
        _compare(folder)
        _kill(begin, given, folder, chosen.steps)
        for name in ("one", "two"):
            seen, speed = _seen(folder / name), _speed(folder / name, chosen.batch_size)
            print(f"{name}: {seen:.0f} examples seen, {speed:.0f} examples/s")


def _start(verb: tuple[str, ...], given: list[str], out: Path) -> subprocess.Popen:
    command = [sys.executable, "-m", "kerasseq", *verb, *given, "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _finished(process: subprocess.Popen) -> int:
    _, said = process.communicate(timeout=LIMIT_SECONDS)
    if process.returncode:
        print(said.strip().splitlines()[-2:])
    return process.returncode


def _compare(folder: Path) -> None:
    """The losses side by side."""
    rows = zip(_history(folder / "one"), _history(folder / "two"), strict=True)
    for one, two in rows:
        for name in ("loss", "validation_loss", "gradient_norm"):
            first, second = float(one[name]), float(two[name])
            print(
                f"epoch {one['epoch']} {name}: {first:.6g} {second:.6g}, {abs(second / first - 1):.1e} apart"
            )


def _kill(verb: tuple[str, ...], given: list[str], folder: Path, steps: int) -> None:
    """Kills the second worker in the middle, goes on, and compares with the training that was not killed."""
    process, out = _start(verb, given, folder / "killed"), folder / "killed"
    while len(list((out / "checkpoints").glob("epoch_*.npz"))) < steps // 2 and process.poll() is None:
        time.sleep(0.02)
    os.kill(_worker_of(process.pid), signal.SIGKILL)
    began = time.monotonic()
    code = _finished(process)
    print(
        f"killed after {steps // 2} steps: all ended {time.monotonic() - began:.1f} s later, exit code {code}"
    )
    code = _finished(_start(verb, given, out))
    states = [_last(folder / name) for name in ("two", "killed")]
    names = [name for name in states[0].files if name != "state"]
    different = sum(not np.array_equal(states[0][name], states[1][name]) for name in names)
    print(f"resumed: exit code {code}, {different} of {len(names)} arrays differ from the run not killed")


def _seen(run: Path) -> float:
    """The examples that the mean loss of the last steps is of."""
    saved = _last(run)
    paths = json.loads(str(saved["state"]))["variables"]
    return float(saved[str(next(place for place, path in enumerate(paths) if path.endswith("loss/count")))])


def _speed(run: Path, batch_size: int) -> float:
    """Examples a second between the first state and the last one within the epoch; each step writes one."""
    times = sorted(path.stat().st_mtime for path in (run / "checkpoints").glob("epoch_*_step_*.npz"))
    return batch_size * (len(times) - 1) / (times[-1] - times[0])


def _worker_of(parent: int) -> int:
    """The second process that a launcher started."""
    children = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
    return int(children[1])


def _last(run: Path) -> np.lib.npyio.NpzFile:
    paths = (run / "checkpoints").glob("epoch_*.npz")
    return np.load(
        max(paths, key=lambda path: [int(part) for part in path.stem.split("_") if part.isdigit()])
    )


def _history(run: Path) -> list[dict[str, str]]:
    with (run / "history.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    main()
