"""Tokens a second from a language model: kerasseq, PyTorch's eager loop and one `model.predict` per token.

    pip install torch==2.13.0            (in any environment; name its Python with --peer-python)
    python benchmarks/generation.py --peer-python PYTHON
    python benchmarks/generation.py --shape 10000,650,2 --streams 1 64 --peer-python PYTHON
    python benchmarks/generation.py --precision mixed_bfloat16 --peer-python PYTHON
    python benchmarks/generation.py --gates --cell gru  (kerasseq alone: a layer's gates together and apart)

Every side samples from the whole vocabulary with an LSTM of the same size: an embedding as wide as the
layers, random weights, no text to begin from. kerasseq calls its decoder in one graph, in a process set up as
that of `kerasseq predict`; PyTorch calls `nn.LSTM` step by step; Keras calls `predict` for every token, as
tutorials do: on the last 40 tokens, or on stateful layers and the last one. In `mixed_bfloat16` Keras has its
policy of that name, and PyTorch's weights are in bfloat16. Sides take turns, each in a process of its own,
since a machine's speed drifts; figures are medians.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

WINDOW = 40  # what tutorials read anew for every character
AIMS = {"torch": 5.0, "predict": 50.0, "predict_window": 50.0}
NAMES = {
    "kerasseq": "kerasseq",
    "torch": "PyTorch, eager",
    "predict": "predict, one token",
    "predict_window": f"predict, last {WINDOW}",
}


def main() -> None:
    """Prints a line for each side and number of streams, with the ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--shape", default="65,512,2", help="vocabulary, units and layers")
    parser.add_argument("--streams", type=int, nargs="+", default=[1, 64], help="texts at a time")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--precision", choices=["float32", "mixed_bfloat16"], default="float32")
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that imports torch")
    parser.add_argument("--gates", action="store_true", help="compare gates together and apart")
    parser.add_argument("--cell", choices=["lstm", "gru"], default="lstm", help="with --gates")
    parser.add_argument("--side", choices=list(SIDES), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    shape = tuple(map(int, arguments.shape.split(",")))
    if arguments.side:
        generate = SIDES[arguments.side](*shape, arguments.streams[0], arguments.precision)
        rate = measure(generate, arguments.seconds)
        print(json.dumps(rate))
        return
    if arguments.gates:
        compare_gates(arguments.cell, arguments.precision, arguments.turns)
        return
    for streams in arguments.streams:
        compare(arguments, streams)


def compare_gates(cell: str, precision: str, turns: int) -> None:
    """What `layers/kernels/by_gate.py` is decided by."""
    from kerasseq.layers.kernels import by_gate

    for units, streams in itertools.product((128, 256, 512, 650), (1, 8, 64)):
        sides = {}
        for name, fewest in (("together", 10**9), ("apart", 0)):
            by_gate.FEWEST_UNITS = fewest
            sides[name] = kerasseq_side(65, units, 2, streams, precision, cell)
            sides[name]()  # traced with this setting
        rates: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(turns):
            for name, generate in sides.items():
                rates[name].append(measure(generate, 0.7))
        together, apart = (statistics.median(found) for found in rates.values())
        line = f"{streams:>3} x 2 x {units}  together {together:>9,.0f}  apart {apart:>9,.0f} tokens/s"
        print(f"{line}   {apart / together:.2f} times", flush=True)


def compare(arguments: argparse.Namespace, streams: int) -> None:
    """Prints the sides for one number of streams."""
    rates: dict[str, list[float]] = {}
    for _ in range(arguments.turns):
        for side in SIDES:
            rate = in_a_process(arguments, side, streams)
            if rate is not None:
                rates.setdefault(side, []).append(rate)
    medians = {side: statistics.median(found) for side, found in rates.items()}
    for side, found in rates.items():
        line = f"{streams:>3} x {arguments.shape}  {NAMES[side]:<18} {medians[side]:>9,.0f} tokens/s"
        if side in AIMS:
            ratio = medians["kerasseq"] / medians[side]
            line += f"   kerasseq is {ratio:6.1f} times as fast (aim {AIMS[side]:g})"
        print(f"{line}   ({min(found):,.0f} to {max(found):,.0f})", flush=True)


def in_a_process(arguments: argparse.Namespace, side: str, streams: int) -> float | None:
    """One side's tokens a second, or None where its library is not installed."""
    is_peer = side == "torch"
    python = arguments.peer_python if is_peer else sys.executable
    if is_peer and not imports_torch(python):
        print(f"PyTorch is not installed in {python}: left out. See the head of this file.")
        return None
    options = ["--side", side, "--shape", arguments.shape, "--streams", str(streams)]
    options += ["--precision", arguments.precision, "--seconds", str(arguments.seconds)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run([python, __file__, *options], stdout=subprocess.PIPE, check=True, env=environment)
    return float(done.stdout.splitlines()[-1])


def imports_torch(python: str) -> bool:
    """Whether a Python has PyTorch."""
    done = subprocess.run([python, "-c", "import torch"], stderr=subprocess.DEVNULL)
    return not done.returncode


def measure(generate: Callable[[], int], seconds: float) -> float:
    """The median rate of calls that return how many tokens they made."""
    generate(), generate()
    rates, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        made = generate()
        rates.append(made / (time.perf_counter() - start))
    return statistics.median(rates)


def kerasseq_side(
    vocabulary_size: int, units: int, num_layers: int, streams: int, precision: str, cell: str = "lstm"
) -> Callable[[], int]:
    """Sampling in the graph."""
    from kerasseq.memory import keep_freed_memory
    from kerasseq.threads import one_thread_an_operation

    one_thread_an_operation()  # before TensorFlow's first operation
    keep_freed_memory()
    import keras
    import tensorflow as tf

    from kerasseq.decode.sample import Sample
    from kerasseq.models.language_model import LanguageModelTask, build_language_model
    from kerasseq.models.precision import weights_cast_once
    from kerasseq.specs import END_ID, PAD_ID, START_ID

    keras.config.set_dtype_policy(precision)
    model = build_language_model(
        vocabulary_size=vocabulary_size, embedding_dim=units, cell=cell, units=units, num_layers=num_layers
    )
    task, decoder = LanguageModelTask({}), Sample(temperature=0.9)
    length = 200 if streams == 1 else 50

    @tf.function(input_signature=[tf.TensorSpec((None, None), tf.int32)], autograph=False)
    def run(prompts: tf.Tensor) -> tf.Tensor:
        never = (PAD_ID, START_ID, END_ID)  # so that no text ends early
        with weights_cast_once(model):
            found = task.respond(model, {"text": prompts}, decoder, max_length=length, forbidden_ids=never)
        return found["lengths"]

    prompts = tf.tile([[START_ID, END_ID]], [streams, 1])
    return lambda: int(run(prompts).numpy().sum())


def torch_side(
    vocabulary_size: int, units: int, num_layers: int, streams: int, precision: str
) -> Callable[[], int]:
    """A Python loop over single steps of `nn.LSTM`."""
    import torch

    dtype = torch.bfloat16 if precision == "mixed_bfloat16" else torch.float32
    embedding = torch.nn.Embedding(vocabulary_size, units).to(dtype)
    recurrent = torch.nn.LSTM(units, units, num_layers, batch_first=True).to(dtype)
    output = torch.nn.Linear(units, vocabulary_size).to(dtype)
    length = 50 if streams == 1 else 20

    @torch.no_grad()
    def generate() -> int:
        tokens, state = torch.zeros((streams, 1), dtype=torch.long), None
        for _ in range(length):
            hidden, state = recurrent(embedding(tokens), state)
            shares = (output(hidden[:, -1]).float() / 0.9).softmax(-1)
            tokens = torch.multinomial(shares, 1)
        return streams * length

    return generate


def predict_side(
    vocabulary_size: int, units: int, num_layers: int, streams: int, precision: str, window: int = 1
) -> Callable[[], int]:
    """A Python loop over `model.predict`; its layers keep their states where they read one token."""
    import keras
    import numpy as np

    keras.config.set_dtype_policy(precision)
    tokens = keras.Input((window,), batch_size=streams, dtype="int32")
    hidden = keras.layers.Embedding(vocabulary_size, units)(tokens)
    for place in range(num_layers):
        is_last = place == num_layers - 1
        hidden = keras.layers.LSTM(units, stateful=window == 1, return_sequences=not is_last)(hidden)
    model = keras.Model(tokens, keras.layers.Dense(vocabulary_size)(hidden))
    random = np.random.default_rng(0)

    def generate() -> int:
        read = np.ones((streams, window), "int32")
        for _ in range(10):
            logits = model.predict(read, verbose=0, batch_size=streams).astype("float32") / 0.9
            new = (logits + random.gumbel(size=logits.shape)).argmax(-1)[:, None].astype("int32")
            read = np.concatenate([read[:, 1:], new], axis=1)
        return streams * 10

    return generate


def predict_window_side(*options: Any) -> Callable[[], int]:
    """The same, with a window of the text read anew for every token."""
    return predict_side(*options, window=WINDOW)


SIDES = {
    "kerasseq": kerasseq_side,
    "torch": torch_side,
    "predict": predict_side,
    "predict_window": predict_window_side,
}


if __name__ == "__main__":
    main()
