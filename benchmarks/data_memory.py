"""Peak memory and speed of the data stage, for a parallel corpus as it is and ten times over.

    python benchmarks/data_memory.py FOLDER/train.de FOLDER/train.en [--tokenizer word]

Each size runs in a process of its own: prepare (tokenise and cache), then two epochs of batches. Copies bear
their number as a word of its own, so that no line is twice the same but the vocabulary hardly grows.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

MEBI = 2**20


def repeat(path, times, folder):
    """Writes a corpus `times` over."""
    lines = path.read_text("utf-8").splitlines()
    copy = folder / f"{times}.{path.name}"
    with copy.open("w", encoding="utf-8", newline="\n") as file:
        for time_ in range(times):
            file.writelines(f"{line} {time_}\n" for line in lines)
    return copy


def peak():
    """The largest resident size of this process so far, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBI


def measure(files, cache, tokenizer):
    """Prepares, runs two epochs and returns what it took."""
    import tensorflow as tf

    from kerasseq.data.prepare import prepare_data

    source = {"type": "parallel", "train": files, "validation": files}
    features = {field: {"tokenizer": tokenizer} for field in ("source", "target")}
    options = {"source": source, "features": features, "cache_folder": cache, "splits": ("train",)}
    tf.constant([1.0]).numpy()
    result = {"tensorflow_mib": peak()}
    start = time.perf_counter()
    train = prepare_data(**options).splits["train"]
    result["prepare_seconds"] = time.perf_counter() - start
    result["prepared_mib"] = peak()
    start = time.perf_counter()
    for epoch in range(2):
        for _ in train.batches(seed=1, epoch=epoch, training=True):
            pass
    seconds = time.perf_counter() - start
    tokens = 2 * sum(train.num_tokens(field) for field in train.fields)
    return {
        **result,
        "examples": train.num_examples,
        "tokens_per_second": tokens / seconds,
        "peak_mib": peak(),
    }


def main():
    """Prints a line a size."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("files", nargs=2, type=Path, help="line-aligned source and target")
    parser.add_argument("--tokenizer", default="word")
    parser.add_argument("--times", nargs="+", type=int, default=[1, 10])
    parser.add_argument("--cache", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.cache:
        result = measure([str(file) for file in options.files], options.cache, options.tokenizer)
        sys.stdout.write(json.dumps(result))
        return
    with tempfile.TemporaryDirectory() as folder:
        for times in options.times:
            files = [str(repeat(path, times, Path(folder))) for path in options.files]
            cache = ["--cache", str(Path(folder, f"cache{times}")), "--tokenizer", options.tokenizer]
            done = subprocess.run(
                [sys.executable, __file__, *files, *cache], stdout=subprocess.PIPE, check=True
            )
            result = json.loads(done.stdout.splitlines()[-1])
            numbers = ", ".join(f"{name} {value:,.1f}" for name, value in result.items())
            sys.stdout.write(f"x{times}: {numbers}\n")


if __name__ == "__main__":
    main()
