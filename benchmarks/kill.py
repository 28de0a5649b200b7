"""Kills training at random moments and resumes it, until it is done; the weights must not differ in a bit.

    python benchmarks/kill.py
    python benchmarks/kill.py --kills 5 --recipe seq2seq

Two recipes: a language model whose rows carry their states, with dropout, averaged weights and a percentile
that clips, and a translation model with dropout and scheduled sampling. Each is trained once in peace, and
once under SIGKILL: a process is started, trains some steps with a checkpoint after each one, and is killed by
its parent. Two of three kills come after a random time, which may be within a step or a measurement; the
third comes when the parent sees that a checkpoint is being written. A kill counts as within a write where
the half-written file is left, which the next process removes. `--kills` are dealt to the recipes; each takes
a process, which needs about ten seconds until it trains.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RECIPES = {
    "language_model": """\
data:
  source: {type: text, train: verses/train.txt, validation: verses/validation.txt, document: paragraph}
  features: {text: {tokenizer: character}}
  batch_size: 64
  window: 32
model: {type: language_model, embedding_dim: 8, cell: lstm, units: 96, output_dropout: 0.3, zoneout: 0.1}
train:
  max_steps: 160
  optimizer: {type: adam, learning_rate: 0.01}
  schedule: cosine
  averaging: {type: ema, decay: 0.99}
  clipping: {percentile: 30}
  checkpoint_minutes: 0
decode: {type: greedy, max_length: 4}
""",
    "seq2seq": """\
data:
  source: {type: parallel, train: dates/train.tsv, validation: dates/validation.tsv}
  features: {source: {tokenizer: character}, target: {tokenizer: character}}
  batch_size: 64
model:
  type: seq2seq
  embedding_dim: 16
  dropout: 0.2
  encoder: {type: recurrent, cell: gru, units: 96, recurrent_dropout: 0.1}
  decoder: {cell: gru, units: 96, attention: luong, dropout: 0.1}
train:
  max_steps: 160
  optimizer: {type: adam, learning_rate: 0.01}
  warmup_steps: 20
  gradient_accumulation: 2
  scheduled_sampling: {schedule: linear, k: 80}
  checkpoint_minutes: 0
  keep_checkpoints: 3
decode: {type: greedy, max_length: 12}
evaluate: {metrics: [exact_match]}
""",
}


def main() -> None:
    """Prints each kill, and what differs in the end."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--recipe", choices=RECIPES, action="append")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    names = options.recipe or list(RECIPES)
    found = []
    for place, name in enumerate(names):
        kills = options.kills // len(names) + (place < options.kills % len(names))
        with tempfile.TemporaryDirectory() as folder:
            found.append(compare(Path(folder), name, kills=kills, seed=options.seed))
    killed, within, different = map(sum, zip(*found, strict=True))
    print(f"{killed} kills, {within} of them within a write, {different} arrays differ")
    sys.exit(different != 0 or killed != options.kills or within == 0)


def compare(folder: Path, name: str, *, kills: int, seed: int) -> tuple[int, int, int]:
    """How many kills there were, and within a write, and how many arrays of the last checkpoint differ."""
    recipe = folder / f"{name}.yaml"
    recipe.write_text(RECIPES[name], encoding="utf-8")
    seconds = train_in_peace(recipe, folder / "whole")
    killing, chance = Killing(folder / "killed"), random.Random(seed)
    while True:
        process = start(recipe, folder / "killed")
        wait_for_a_step(process, folder / "killed")
        if killing.kills < kills:
            if killing.kills % 3 == 2:
                killing.when_it_writes(process, skip=chance.randrange(3))
            else:
                killing.after(process, chance.uniform(0.0, seconds / kills))
        _, said = process.communicate()
        if process.returncode == 0:
            break
        if process.returncode != -signal.SIGKILL:
            sys.exit(f"a resumed training failed:\n{said.decode()}")
    whole, resumed = (np.load(last(folder / side)) for side in ("whole", "killed"))
    names = [key for key in whole.files if key != "state"]
    different = sum(not np.array_equal(whole[key], resumed[key], equal_nan=True) for key in names)
    told = f"{killing.kills} kills, {killing.within} of them within a write"
    print(f"{name}: {told}, {different} of {len(names)} arrays differ", flush=True)
    return killing.kills, killing.within, different


def train_in_peace(recipe: Path, out: Path) -> float:
    """The seconds of the steps, without what comes before the first one."""
    began = time.monotonic()
    process = start(recipe, out)
    wait_for_a_step(process, out)
    first = time.monotonic()
    _, said = process.communicate()
    if process.returncode:
        sys.exit(f"the training failed:\n{said.decode()}")
    seconds = time.monotonic() - first
    print(f"{recipe.stem}: {first - began:.0f} s until it trains, {seconds:.0f} s of steps", flush=True)
    return seconds


class Killing:
    """Kills, and counts.

    Args:
        out: The run folder.
    Attributes:
        kills: How many processes were killed.
        within: How many of them within the writing of a checkpoint.
    """

    def __init__(self, out: Path):
        self.out = out
        self.kills = self.within = 0

    def after(self, process: subprocess.Popen, seconds: float) -> None:
        """Kills a process after a while, if it is still there."""
        time.sleep(seconds)
        self._kill(process)

    def when_it_writes(self, process: subprocess.Popen, *, skip: int) -> None:
        """Kills a process as soon as it writes a checkpoint, but for the next ones."""
        seen: set[str] = set()
        while process.poll() is None and len(seen) <= skip:
            seen.update(unfinished(self.out))
        self._kill(process)

    def _kill(self, process: subprocess.Popen) -> None:
        if process.poll() is not None:
            return
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.kills += 1
        left = unfinished(self.out)
        self.within += bool(left)
        where = f", writing {left[0]}" if left else ""
        print(f"  kill {self.kills}: at {', '.join(states(self.out)[-1:])}{where}", flush=True)


def unfinished(out: Path) -> list[str]:
    """The checkpoints that are being written, or were when the process ended."""
    try:
        return [name for name in os.listdir(out / "checkpoints") if name.startswith(".")]
    except FileNotFoundError:
        return []


def start(recipe: Path, out: Path) -> subprocess.Popen:
    """A process that trains."""
    command = [sys.executable, "-m", "kerasseq", "train", str(recipe), "--out", str(out)]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def wait_for_a_step(process: subprocess.Popen, out: Path) -> None:
    """Until the process has written a checkpoint, or has ended."""
    before = states(out)
    while process.poll() is None and states(out) == before:
        time.sleep(0.01)


def states(out: Path) -> list[str]:
    """The checkpoints of a run, oldest first."""
    paths = [path for path in (out / "checkpoints").glob("epoch_*.npz") if path.exists()]
    return [path.name for path in sorted(paths, key=_place)]


def last(out: Path) -> Path:
    """The last one."""
    return out / "checkpoints" / states(out)[-1]


def _place(path: Path) -> tuple[int, int]:
    numbers = [int(part) for part in path.stem.split("_") if part.isdigit()]
    return numbers[0], numbers[1] if len(numbers) > 1 else 0


if __name__ == "__main__":
    main()
