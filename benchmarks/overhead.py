"""What a recipe's training costs beside the same Keras model in a bare `fit`.

    python benchmarks/overhead.py
    python benchmarks/overhead.py --units 512 --epochs 4

Both train a character model on the verses that ship, with the same model, optimizer, clipping and batches of
32 windows of 64 characters. One is `kerasseq.train.loop.train`, with its data pipeline, states carried from
window to window, callbacks, checkpoints, history and a progress bar; only the validation split is not
measured. The other is `keras.Model.fit` on batches that lie ready in memory, without tf.data's tuning, which
would have each epoch's end wait for its thread. They take turns, an epoch each,
in one process; the first epoch of both traces the graph and does not count.
"""

from __future__ import annotations

import argparse
import io
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

BATCH, WINDOW = 32, 64
AIM = 0.03


def main() -> None:
    """Prints the seconds of an epoch on both sides, and their ratio."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--epochs", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        ours, bare = measure(Path(folder), options.units, options.epochs)
    print(f"bare fit   {bare:7.3f} s an epoch")
    print(f"kerasseq   {ours:7.3f} s an epoch: {ours / bare - 1:+.1%} (aim: at most {AIM:+.0%})")


def measure(folder: Path, units: int, epochs: int) -> tuple[float, float]:
    """Medians of an epoch's seconds: ours and the bare ones."""
    from kerasseq.opened_run import Run
    from kerasseq.pipeline import check
    from kerasseq.run_folder import RunFolder
    from kerasseq.train.loop import train

    recipe = folder / "verses.yaml"
    recipe.write_text(
        "data:\n"
        "  source: {type: text, train: verses/train.txt, validation: verses/validation.txt}\n"
        "  features: {text: {tokenizer: character}}\n"
        f"  batch_size: {BATCH}\n  window: {WINDOW}\n"
        f"model: {{type: language_model, embedding_dim: 64, units: {units}}}\n"
        f"train: {{epochs: {epochs}, monitor: loss}}\n"
    )
    run = Run(RunFolder(folder / "run"), check(recipe).values, recipe_folder=folder)
    turns = Turns(BareFit(run))
    train(
        **run.values["train"],
        model=run.build(),
        task=run.task,
        data=run.data,
        folder=run.folder,
        seed=run.values["seed"],
        measure=dict,
        display=turns,
    )
    return statistics.median(turns.seconds[1:]), statistics.median(turns.bare_seconds[1:])


class BareFit:
    """The same model, fitted on batches in memory."""

    def __init__(self, run: Any):
        import numpy as np
        import tensorflow as tf

        from kerasseq.data.read_ahead import read_ahead

        batches = list(run.data.splits["train"].epochs(seed=1, first=0, last=1).as_numpy_iterator())
        whole = [batch["text"] for batch in batches if batch["text"].shape == (BATCH, WINDOW + 1)]
        text = np.concatenate(whole)
        self.share = len(whole) / len(batches)
        rows = tf.data.Dataset.from_tensor_slices((text[:, :-1], text[:, 1:])).batch(BATCH)
        self.batches = read_ahead(rows, len(whole))
        self.model = run.build()
        from kerasseq.train.optimizers.adam import adam

        optimizer = adam()
        optimizer.global_clipnorm = 1.0
        self.model.compile(optimizer, run.task.loss(), jit_compile=False)

    def epoch(self) -> float:
        """Trains an epoch; its seconds, for as many batches as ours has."""
        began = time.perf_counter()
        self.model.fit(self.batches, epochs=1, shuffle=False, verbose=0)
        return (time.perf_counter() - began) / self.share


class Turns:
    """The progress bar, drawn into nothing, which lets the other side train behind each epoch."""

    def __init__(self, other: BareFit):
        from rich.console import Console

        from kerasseq.report.terminal import TrainingProgress

        console = Console(file=io.StringIO(), force_terminal=True, width=100)
        self.bar = TrainingProgress(console=console)
        self.other = other
        self.seconds: list[float] = []
        self.bare_seconds: list[float] = []

    def start(self, total_steps: int, epochs: int) -> None:
        """Begins to count."""
        self.bar.start(total_steps, epochs)
        self.began = time.perf_counter()

    def step(self, *arguments: Any, **options: Any) -> None:
        """Draws."""
        self.bar.step(*arguments, **options)

    def epoch_end(self, logs: dict) -> None:
        """Notes our epoch, and lets the other side train one."""
        self.bar.epoch_end(logs)
        self.seconds.append(time.perf_counter() - self.began)
        self.bare_seconds.append(self.other.epoch())
        self.began = time.perf_counter()

    def stop(self) -> None:
        """Takes the bar away."""
        self.bar.stop()


if __name__ == "__main__":
    main()
