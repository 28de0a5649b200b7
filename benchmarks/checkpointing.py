"""What checkpoints cost: the share of a training's time that goes into saving its state.

    python benchmarks/checkpointing.py
    python benchmarks/checkpointing.py --units 200 --steps 40

A language model of two layers of 650 with 10,000 words (Zaremba's medium one) and Adam is trained on random
tokens in Keras' own `fit`, with the callbacks that a recipe's training has. Blocks of steps are timed, and in
every second one a state is saved, so that what else the machine does meets both alike. A save costs what its
block took longer: the copy of the weights, the checksums, the writing, waiting for the disk, and what the
disk still does behind the next steps; or what it took within itself, if that is more. The share at the
default interval is that over ten minutes. At the end of an epoch the best weights may be written as well:
that is held against an epoch of the Penn Treebank (929,589 tokens).
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import keras
import numpy as np

from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
from kerasseq.memory import keep_freed_memory
from kerasseq.models.language_model import build_language_model
from kerasseq.train.callbacks import Checkpoints, GradientClipping, NanGuard

BATCH, WINDOW, TREEBANK_TOKENS = 20, 35, 929_589
DEFAULT_MINUTES = 10.0
WARM_UP = 3


class Blocks(keras.callbacks.Callback):
    """Times blocks of steps, and has a state saved in the middle of every second one."""

    def __init__(self, checkpoints: Checkpoints, *, steps: int):
        super().__init__()
        self.checkpoints = checkpoints
        self.steps = steps
        self.plain: list[float] = []
        self.saving: list[float] = []
        self.saves: list[float] = []
        self._began = 0.0

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        place, block = (batch - WARM_UP) % self.steps, (batch - WARM_UP) // self.steps
        if batch < WARM_UP:
            return
        if place == 0:
            if block > 0:
                (self.saving if block % 2 == 0 else self.plain).append(time.perf_counter() - self._began)
            self._began = time.perf_counter()
        if block % 2 == 1 and place == 1:
            began = time.perf_counter()
            self.checkpoints.step = batch
            self.checkpoints.save()
            self.saves.append(time.perf_counter() - began)


def main() -> None:
    """Prints the seconds of steps and saves, and the shares."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--units", type=int, default=650)
    parser.add_argument("--vocabulary", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=12, help="of a block")
    parser.add_argument("--saves", type=int, default=6)
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        measure(Path(folder), options)


def measure(folder: Path, options: argparse.Namespace) -> None:
    """Trains, and prints what was found."""
    keep_freed_memory()
    keras.utils.set_random_seed(1)
    model = build_language_model(
        vocabulary_size=options.vocabulary, embedding_dim=options.units, units=options.units, num_layers=2
    )
    model.compile(keras.optimizers.Adam(1e-3), MaskedCrossEntropy(), jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    clipping, guard = GradientClipping(global_norm=5.0), NanGuard()
    checkpoints = Checkpoints(folder, monitor="loss", others=[clipping])
    checkpoints.set_model(model)
    blocks = Blocks(checkpoints, steps=options.steps)
    num_steps = WARM_UP + 2 * options.saves * options.steps + 1
    text = np.random.default_rng(0).integers(4, options.vocabulary, (num_steps * BATCH, WINDOW + 1), "int32")
    inputs = {"text": text[:, :-1]}
    fitting = {"batch_size": BATCH, "shuffle": False, "verbose": 0}
    model.fit(inputs, text[:, 1:], callbacks=[blocks, clipping, guard], **fitting)
    began = time.perf_counter()
    checkpoints.on_epoch_end(0, {"loss": 1.0})
    report(blocks, folder, model, at_epoch_end=time.perf_counter() - began)


def report(blocks: Blocks, folder: Path, model: keras.Model, *, at_epoch_end: float) -> None:
    """Prints seconds and shares."""
    step = statistics.median(blocks.plain) / blocks.steps
    cost = statistics.mean(blocks.saving) - statistics.mean(blocks.plain)
    size = max(path.stat().st_size for path in folder.glob("epoch_*.npz")) / 2**20
    epoch = TREEBANK_TOKENS / (BATCH * WINDOW) * step
    slowest = max(statistics.mean(blocks.saves), cost)
    print(f"{model.count_params():,} parameters, a state of {size:.0f} MB, {len(blocks.saves)} saves")
    print(f"a step                    {step:8.3f} s")
    print(
        f"a save, within itself     {statistics.mean(blocks.saves):8.3f} s (at most {max(blocks.saves):.3f})"
    )
    print(f"a save, by longer blocks  {cost:8.3f} s")
    print(f"the end of an epoch       {at_epoch_end:8.3f} s, with the best weights")
    print(f"share at {DEFAULT_MINUTES:g} minutes       {100 * slowest / (60 * DEFAULT_MINUTES):8.3f} %")
    print(f"share at an epoch's end   {100 * at_epoch_end / epoch:8.3f} % of {epoch / 60:.1f} minutes")


if __name__ == "__main__":
    main()
