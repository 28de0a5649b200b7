"""Kills training at random moments and resumes it, until it is done; the weights must not differ in a bit.

    python benchmarks/kill.py
    python benchmarks/kill.py --kills 5 --recipe seq2seq

Two recipes: a language model whose rows carry their states, with dropout, averaged weights and a percentile
that clips, and a translation model with dropout and scheduled sampling. Each is trained once in peace, and
once under SIGKILL: a process is started, trains some steps with a checkpoint after each one, and is killed by
its parent after a random time, which may be within a step, within the writing of a checkpoint or within a
measurement.
"""

from __future__ import annotations

import argparse
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
  batch_size: 16
  window: 32
model: {type: language_model, embedding_dim: 8, cell: lstm, units: 32, output_dropout: 0.3, zoneout: 0.1}
train:
  epochs: 3
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
  encoder: {type: recurrent, cell: gru, units: 24, recurrent_dropout: 0.1}
  decoder: {cell: gru, units: 24, attention: luong, dropout: 0.1}
train:
  max_steps: 150
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
    different = 0
    for name in options.recipe or RECIPES:
        with tempfile.TemporaryDirectory() as folder:
            different += compare(Path(folder), name, kills=options.kills, seed=options.seed)
    sys.exit(different != 0)


def compare(folder: Path, name: str, *, kills: int, seed: int) -> int:
    """How many arrays of the last checkpoint differ."""
    recipe = folder / f"{name}.yaml"
    recipe.write_text(RECIPES[name], encoding="utf-8")
    began = time.monotonic()
    start(recipe, folder / "whole").communicate()
    seconds = time.monotonic() - began
    print(f"{name}: {seconds:.0f} s without a kill", flush=True)
    chance, killed = random.Random(seed), 0
    while True:
        process = start(recipe, folder / "killed")
        first = len(states(folder / "killed")) == 0
        wait_for_a_step(process, folder / "killed")
        if killed < kills and process.poll() is None:
            time.sleep(chance.uniform(0.0, 0.05 if first else seconds / kills / 2))
        if killed < kills and process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
            process.communicate()
            print(f"  kill {killed}: at {', '.join(states(folder / 'killed')[-1:])}", flush=True)
            continue
        _, said = process.communicate()
        if process.returncode == 0:
            break
        sys.exit(f"a resumed training failed:\n{said.decode()}")
    whole, resumed = (np.load(last(folder / side)) for side in ("whole", "killed"))
    names = [key for key in whole.files if key != "state"]
    different = sum(not np.array_equal(whole[key], resumed[key], equal_nan=True) for key in names)
    print(f"{name}: {killed} kills, {different} of {len(names)} arrays differ", flush=True)
    return different


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
