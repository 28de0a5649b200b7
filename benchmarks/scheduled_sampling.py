"""What scheduled sampling costs, and what it brings.

    python benchmarks/scheduled_sampling.py --cost
    python benchmarks/scheduled_sampling.py --quality translate_dates --seeds 1 2 3
    python benchmarks/scheduled_sampling.py --quality benchmarks/translate_multi30k train.epochs=6 --data DIR

`--cost` prints the milliseconds of a training step of teacher forcing and of both modes, each with the best
and with drawn tokens: a BiLSTM of 256 and an LSTM decoder of 256 with Luong's attention and input feeding,
embeddings of 256, vocabularies of 8,000, dropout 0.3, Adam, a global norm of 1, float32, and batches of 64
made-up sentences of 14 tokens. At a probability of a half; it costs the same at any other. All take turns in
one process, in an order that is turned round after each; figures are medians of the turns.

`--quality` runs a recipe for each seed without scheduled sampling and in both modes, and prints the test
metric that the recipe monitors. Each run is a process and has a folder of its own below `--out`; a finished
one is not repeated, and an unfinished one goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import logging
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

BATCH, LENGTH, VOCABULARY, UNITS = 64, 14, 8000, 256
SAMPLING = "{schedule: linear, k: 10, by: epoch, teacher_forcing: 0.5}"
MODES = ["off", "stepwise", "parallel"]


def main() -> None:
    """Prints one of the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted = parser.add_mutually_exclusive_group(required=True)
    wanted.add_argument("--cost", action="store_true")
    wanted.add_argument("--quality", nargs="+", metavar=("RECIPE", "KEY=VALUE"))
    parser.add_argument("--turns", type=int, default=9)
    parser.add_argument("--steps", type=int, default=10, help="training steps of a turn")
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--modes", choices=MODES, nargs="+", default=MODES)
    parser.add_argument(
        "--sampling", default=SAMPLING, help=f"train.scheduled_sampling, {SAMPLING} unless given"
    )
    parser.add_argument("--metric", help="of the test split; what the recipe monitors unless given")
    parser.add_argument("--data", help="as in `kerasseq run`")
    parser.add_argument(
        "--out", type=Path, default=Path(tempfile.gettempdir()) / "kerasseq_scheduled_sampling"
    )
    options = parser.parse_args()
    if options.cost:
        show_cost(options.turns, options.steps)
    else:
        compare(options)


def show_cost(turns: int, steps: int) -> None:
    """Times all sides in turns."""
    from kerasseq.quiet import load_engine

    load_engine()
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # five models are traced, which it wonders at
    from kerasseq.memory import keep_freed_memory
    from kerasseq.train.callbacks.scheduled_sampling import drawn_at

    keep_freed_memory()  # as `kerasseq train` does
    sides = {
        "teacher forcing": Side(),
        "stepwise, greedy": Side(mode="stepwise"),
        "parallel, greedy": Side(mode="parallel"),
        "stepwise, sampled": Side(mode="stepwise", draw=drawn_at(1.0)),
        "parallel, sampled": Side(mode="parallel", draw=drawn_at(1.0)),
    }
    for side in sides.values():
        side.turn(3)  # traces, and does not count
    found: dict[str, list[float]] = {name: [] for name in sides}
    order = list(sides)
    for _ in range(turns):
        for name in order:
            found[name].append(sides[name].turn(steps))
        order.reverse()
    first = statistics.median(found["teacher forcing"])
    for name, milliseconds in found.items():
        middle, least, most = statistics.median(milliseconds), min(milliseconds), max(milliseconds)
        print(f"{name:<18} {middle:7.1f} ms a step ({least:.1f} to {most:.1f})   {middle / first:5.2f} x")


class Side:
    """A model that is trained in one way."""

    def __init__(self, **sampling: Any):
        import numpy as np

        from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
        from kerasseq.models.seq2seq import build_seq2seq
        from kerasseq.train.optimizers.adam import adam

        self.model = build_seq2seq(
            source_vocabulary_size=VOCABULARY,
            target_vocabulary_size=VOCABULARY,
            embedding_dim=UNITS,
            dropout=0.3,
            encoder={
                "type": "recurrent",
                "cell": "lstm",
                "units": UNITS,
                "bidirectional": True,
                "dropout": 0.3,
            },
            decoder={"cell": "lstm", "units": UNITS, "attention": "luong", "dropout": 0.3},
        )
        if sampling:
            self.model.get_layer("decoder").enable_sampling(**sampling).assign(0.5)
        optimizer = adam()
        optimizer.global_clipnorm = 1.0
        self.model.compile(optimizer, MaskedCrossEntropy(label_smoothing=0.1), jit_compile=False)
        random = np.random.default_rng(1)
        self.ids = random.integers(4, VOCABULARY, (BATCH, LENGTH + 1), "int32")
        self.ids[:, 0], self.ids[:, -1] = 2, 3

    def turn(self, steps: int) -> float:
        """The milliseconds of a step, of as many."""
        import tensorflow as tf

        from kerasseq.data.read_ahead import read_ahead

        batch = {"source": self.ids[:, 1:], "target": self.ids[:, :-1]}, self.ids[:, 1:]
        batches = read_ahead(tf.data.Dataset.from_tensors(batch).repeat(steps), steps)
        began = time.perf_counter()
        self.model.fit(batches, verbose=0)
        return (time.perf_counter() - began) / steps * 1e3


def compare(options: argparse.Namespace) -> None:
    """Runs what is not there yet, and prints the table."""
    recipe, *overrides = options.quality
    found: dict[str, list[float]] = {mode: [] for mode in options.modes}
    for seed in options.seeds:
        for mode in options.modes:
            folder = run(recipe, [*overrides, f"seed={seed}"], mode, options)
            metric, value = figure(folder, options.metric)
            found[mode].append(value)
            print(
                f"seed {seed}, {mode}: {metric} {value:.4f}, {minutes(folder):.1f} min of training",
                flush=True,
            )
    print(f"\n{recipe} {' '.join(overrides)}, sampling {options.sampling}: {metric}")
    print(
        f"{'':<10}"
        + "".join(f"{f'seed {seed}':>10}" for seed in options.seeds)
        + f"{'mean':>10}{'spread':>10}"
    )
    for mode, values in found.items():
        spread = max(values) - min(values)
        print(
            f"{mode:<10}" + "".join(f"{value:10.4f}" for value in [*values, statistics.fmean(values), spread])
        )


def run(recipe: str, overrides: list[str], mode: str, options: argparse.Namespace) -> Path:
    """The folder of a run that has been measured."""
    section = "train.scheduled_sampling"
    sampled = (
        [f"{section}=null"] if mode == "off" else [f"{section}={options.sampling}", f"{section}.mode={mode}"]
    )
    overrides = [*overrides, *sampled, "export=[]"]
    name = f"{Path(recipe).stem}_{mode}_{hashlib.sha256(repr(overrides).encode()).hexdigest()[:8]}"
    folder = options.out / name
    if (folder / "metrics.json").exists():
        return folder
    command = [sys.executable, "-m", "kerasseq", "run", recipe, *overrides, "--out", str(folder)]
    command += [] if options.data is None else ["--data", options.data]
    options.out.mkdir(parents=True, exist_ok=True)
    log = options.out / f"{name}.txt"
    with log.open("w", encoding="utf-8") as file:
        done = subprocess.run(command, stdout=file, stderr=subprocess.STDOUT)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\nended with {done.returncode}:\n{log.read_text('utf-8')[-2000:]}")
    return folder


def figure(folder: Path, wanted: str | None) -> tuple[str, float]:
    """A metric's name and value on the test split."""
    import yaml

    metrics = json.loads((folder / "metrics.json").read_text("utf-8"))["test"]
    monitor = yaml.safe_load((folder / "recipe.yaml").read_text("utf-8"))["train"]["monitor"]
    name = wanted or monitor.removeprefix("validation_")
    if name not in metrics:
        sys.exit(f"{folder} has no figure {name!r}: {', '.join(metrics)}")
    return name, float(metrics[name])


def minutes(folder: Path) -> float:
    """How long the run has trained."""
    with (folder / "history.csv").open(newline="", encoding="utf-8") as file:
        return sum(float(row["seconds"]) for row in csv.DictReader(file)) / 60


if __name__ == "__main__":
    main()
