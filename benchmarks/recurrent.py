"""Training steps of recurrent language models, beside `keras.layers` and PyTorch; and kernels side by side.

    python benchmarks/recurrent.py                                  # all shapes, LSTM and GRU
    python benchmarks/recurrent.py 64,100,65,2,512 --cell lstm      # batch,time,vocabulary,layers,units
    python benchmarks/recurrent.py --peer-python PYTHON             # a Python that imports torch
    python benchmarks/recurrent.py --precision mixed_bfloat16       # on every side
    python benchmarks/recurrent.py kernels                          # one layer: generic, fused, halves

Every side is the same model, an embedding as wide as the layers and a layer of logits, with Adam, gradients
clipped to a global norm of 1 and without dropout. Ours runs in `fit` as a recipe's does; Keras in `fit`, with
`jit_compile` off and on, of which the faster one counts; PyTorch in a plain loop, once as it is and once with
glibc told to keep memory ("kept"). In `mixed_bfloat16` Keras has its policy of that name and PyTorch its
`autocast`. Each side has a process of its own, so that none inherits another's threads or memory; all stay
alive, and take turns, in an order that is turned round after each turn. Figures are tokens a second, the
median of the turns, and the most memory that the process ever held.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

SHAPES = ["64,100,65,1,128", "64,100,65,2,512", "20,35,10000,2,200", "20,35,10000,2,650"]
KERNEL_SHAPES = ["64,100,128", "64,100,512", "20,35,200", "20,35,650", "64,30,256", "8,50,256", "2,50,256"]
KEPT = {
    "MALLOC_TRIM_THRESHOLD_": "8589934592",
    "MALLOC_MMAP_THRESHOLD_": "4294967296",
    "MALLOC_TOP_PAD_": "268435456",
}
SIDES = ["ours", "keras", "keras_jit", "torch", "torch_kept"]


def main() -> None:
    """Prints each shape's figures and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("shapes", nargs="*", default=SHAPES, help="or the word `kernels`")
    parser.add_argument("--cell", choices=["lstm", "gru", "both"], default="both")
    parser.add_argument("--sides", nargs="*", choices=SIDES, default=SIDES)
    parser.add_argument("--precision", choices=["float32", "mixed_bfloat16"], default="float32")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="about how long a turn takes")
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that imports torch")
    parser.add_argument("--side", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        serve(options.side, options.shapes[0], options.cell, options.precision)
        return
    cells = ["lstm", "gru"] if options.cell == "both" else [options.cell]
    for cell in cells:
        if options.shapes == ["kernels"]:
            compare_kernels(cell, options.turns)
            continue
        for shape in options.shapes:
            compare(shape, cell, options)


def compare(shape: str, cell: str, options: argparse.Namespace) -> None:
    """One shape, all sides in turns."""
    workers = {side: Worker(side, shape, cell, options) for side in options.sides}
    workers = {side: worker for side, worker in workers.items() if worker.is_ready()}
    rates: dict[str, list[float]] = {side: [] for side in workers}
    order = list(workers)
    for _ in range(options.turns):
        for side in order:
            rates[side].append(workers[side].turn(options.seconds))
        order.reverse()
    found = {side: statistics.median(measured) for side, measured in rates.items()}
    print(f"\n{cell} {shape}")
    for side, rate in found.items():
        least, most, memory = min(rates[side]), max(rates[side]), workers[side].close()
        print(
            f"  {side:<11} {rate:10,.0f} tokens/s ({least:,.0f} to {most:,.0f})   {memory:7,.0f} MB at most"
        )
    peers = {"Keras": max((found[side] for side in found if side.startswith("keras")), default=None)}
    peers |= {"PyTorch": found.get("torch"), "PyTorch, kept memory": found.get("torch_kept")}
    ratios = [
        f"{name} {found['ours'] / rate:.2f}" for name, rate in peers.items() if rate and "ours" in found
    ]
    print("  ours / " + ", / ".join(ratios), flush=True)


class Worker:
    """A side in a process of its own, which trains when it is told to."""

    def __init__(self, side: str, shape: str, cell: str, options: argparse.Namespace):
        python = options.peer_python if side.startswith("torch") else sys.executable
        self.process = subprocess.Popen(
            [python, __file__, shape, "--cell", cell, "--precision", options.precision, "--side", side],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, **(KEPT if side == "torch_kept" else {}), "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
        self.side = side

    def is_ready(self) -> bool:
        """Waits until the model is built and warm; says so where the side cannot run here."""
        ready = self.process.stdout.readline().strip() == "ready"
        if not ready:
            print(f"{self.side}: cannot run here (is it installed?), left out", flush=True)
        return ready

    def turn(self, seconds: float) -> float:
        """Tokens a second."""
        return self._ask({"seconds": seconds})

    def close(self) -> float:
        """The most memory that it held, in MB."""
        memory = self._ask({"seconds": None})
        self.process.wait()
        return memory

    def _ask(self, question: dict) -> float:
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())


def serve(side: str, shape: str, cell: str, precision: str) -> None:
    """The worker's end: trains for as many seconds as each line asks for."""
    batch, num_steps, vocabulary, layers, units = map(int, shape.split(","))
    build = torch_training if side.startswith("torch") else keras_training
    train = build(side, batch, num_steps, vocabulary, layers, units, cell, precision)
    train(2)
    began = time.perf_counter()
    train(2)
    step_seconds = (time.perf_counter() - began) / 2
    print("ready", flush=True)
    for line in sys.stdin:
        seconds = json.loads(line)["seconds"]
        if seconds is None:
            print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, flush=True)
            return
        steps = max(2, round(seconds / step_seconds))
        began = time.perf_counter()
        train(steps)
        step_seconds = (time.perf_counter() - began) / steps
        print(batch * num_steps / step_seconds, flush=True)


def keras_training(
    side: str, batch: int, num_steps: int, vocabulary: int, layers: int, units: int, cell: str, precision: str
) -> Callable[[int], None]:
    """A function that trains a number of steps in one call of `fit`."""
    import keras
    import numpy as np
    import tensorflow as tf

    from kerasseq.data.read_ahead import read_ahead

    keras.utils.set_random_seed(1)
    keras.config.set_dtype_policy(precision)
    text = np.random.default_rng(1).integers(1, vocabulary, (batch, num_steps + 1)).astype("int32")
    batches = tf.data.Dataset.from_tensors((text[:, :-1], text[:, 1:])).repeat()
    batches = read_ahead(batches, tf.data.INFINITE_CARDINALITY)  # no turn waits for tf.data's tuning thread
    if side == "ours":
        from kerasseq.losses.masked_cross_entropy import MaskedCrossEntropy
        from kerasseq.memory import keep_freed_memory
        from kerasseq.models.language_model import build_language_model
        from kerasseq.train.callbacks import GradientClipping
        from kerasseq.train.optimizers.adam import adam

        model = build_language_model(
            vocabulary_size=vocabulary, embedding_dim=units, cell=cell, units=units, num_layers=layers
        )
        optimizer, loss = adam(), MaskedCrossEntropy()
        keep_freed_memory()  # as `kerasseq train` does
    else:
        layer = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU}[cell]
        stack = [layer(units, return_sequences=True) for _ in range(layers)]
        embedding = keras.layers.Embedding(vocabulary, units)
        model = keras.Sequential([keras.Input((None,)), embedding, *stack, keras.layers.Dense(vocabulary)])
        optimizer = keras.optimizers.Adam(1e-3, global_clipnorm=1.0)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, jit_compile=side == "keras_jit")
    if side == "ours":  # as in a recipe; begun once, so that no turn traces its step anew
        clipping = GradientClipping(global_norm=1.0)
        clipping.set_model(model)
        clipping.on_train_begin()
    return lambda steps: model.fit(batches, steps_per_epoch=steps, shuffle=False, verbose=0)


def torch_training(
    side: str, batch: int, num_steps: int, vocabulary: int, layers: int, units: int, cell: str, precision: str
) -> Callable[[int], None]:
    """A function that trains a number of steps in a plain loop."""
    import torch

    torch.manual_seed(1)
    recurrent = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[cell](units, units, layers, batch_first=True)
    embedding, output = torch.nn.Embedding(vocabulary, units), torch.nn.Linear(units, vocabulary)
    parameters = [weight for part in (embedding, recurrent, output) for weight in part.parameters()]
    optimizer = torch.optim.Adam(parameters, 1e-3)
    text = torch.randint(1, vocabulary, (batch, num_steps + 1))

    def train(steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            labels = text[:, 1:].reshape(-1)
            with torch.autocast("cpu", torch.bfloat16, enabled=precision == "mixed_bfloat16"):
                logits = output(recurrent(embedding(text[:, :-1]))[0])
                loss = torch.nn.functional.cross_entropy(logits.reshape(-1, vocabulary), labels)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(parameters, 1.0)
            optimizer.step()

    return train


def compare_kernels(cell: str, turns: int) -> None:
    """One layer's forward and backward pass in milliseconds: what `auto` is decided by."""
    import tensorflow as tf

    from kerasseq.layers import Recurrent
    from kerasseq.layers.kernels import halves

    for shape in KERNEL_SHAPES:
        batch, num_steps, units = map(int, shape.split(","))
        inputs = tf.random.normal((batch, num_steps, units))
        passes = {}
        for name, kernel, fewest in (
            ("generic", "generic", 10**9),
            ("fused", "fused", 10**9),
            ("halves", "fused", 0),
        ):
            halves.FEWEST_ROWS = fewest
            layer = Recurrent(units=units, cell=cell, kernel=kernel, return_sequences=True)
            layer.build(inputs.shape)
            passes[name] = gradient_pass(layer, inputs)
            passes[name](), passes[name]()
        seconds: dict[str, list[float]] = {name: [] for name in passes}
        order = list(passes)
        for _ in range(turns):
            for name in order:
                began, done = time.perf_counter(), 0
                while time.perf_counter() - began < 0.1 or done < 2:
                    passes[name]()
                    done += 1
                seconds[name].append((time.perf_counter() - began) / done)
            order.reverse()
        figures = "  ".join(
            f"{name} {statistics.median(taken) * 1e3:7.1f} ms" for name, taken in seconds.items()
        )
        print(f"{cell} batch,time,units {shape:<12} {figures}", flush=True)


def gradient_pass(layer: object, inputs: object) -> Callable[[], object]:
    """A compiled function of a layer's gradients for its weights and inputs."""
    import tensorflow as tf

    @tf.function
    def gradients() -> list:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            total = tf.reduce_sum(layer(inputs, training=True) ** 2)
        return tape.gradient(total, [inputs, *(weight.value for weight in layer.trainable_weights)])

    return gradients


if __name__ == "__main__":
    main()
