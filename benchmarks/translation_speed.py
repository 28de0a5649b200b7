"""Training and beam search beside JoeyNMT's, for the same sizes, on Multi30k German to English.

    pip install --no-deps joeynmt==2.3.0        (in any environment; name its Python with --peer-python)
    pip install torch==2.13.0 sacrebleu sacremoses sentencepiece subword-nmt datasets tensorboard matplotlib \
        pyyaml packaging seaborn six wrapt importlib_metadata "setuptools<81"
    python benchmarks/translation_speed.py DATA_FOLDER --attention luong --peer-python PYTHON

Both train one epoch: word vocabularies of 8,000, embeddings of 256, a bidirectional LSTM of 256 each way, an
LSTM decoder of 256 with input feeding, dropout 0.3, Adam, batches of 64 sentences, float32. Training speed is
real target tokens a second, the median of the peer's log and the mean of our epoch after 20 steps. Then both
search test2016 with a beam of 5, in batches of 64 sentences; the peer's log gives its seconds, ours are the
median of three searches. kerasseq runs before and after the peer: a machine whose speed drifts shows it.
`--precision mixed_bfloat16` has kerasseq alone compute in half precision, which the peer does not on a CPU.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

SPLITS = {"train": "train", "val": "val", "test2016": "test_2016_flickr"}
STEPS_TO_WARM_UP = 20
DROPOUTS = ("model.dropout", "model.encoder.dropout", "model.decoder.dropout")


def main() -> None:
    """Prints both sides' figures and their ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=lambda name: Path(name).resolve(), help="holds multi30k/tok")
    parser.add_argument("--attention", choices=["luong", "bahdanau"], default="luong")
    parser.add_argument("--precision", choices=["float32", "mixed_bfloat16"], default="float32")
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that imports joeynmt")
    arguments = parser.parse_args()
    options = {
        "model.decoder.attention": arguments.attention, "train.precision": arguments.precision,
        "data.batch_size": "64", **dict.fromkeys(DROPOUTS, "0.3"),
    }  # fmt: skip
    first = ours(arguments.data, options)
    say("kerasseq", first)
    found = peer(arguments.data, arguments.attention, arguments.peer_python)
    if found is None:
        print(f"JoeyNMT is not installed in {arguments.peer_python}: no ratios. See the head of this file.")
        return
    say("JoeyNMT", found)
    second = ours(arguments.data, options)
    say("kerasseq", second)
    for place, name in enumerate(("training, tokens/s", "beam 5, sentences/s")):
        ratios = [side[place] / found[place] for side in (first, second)]
        print(f"{name:<20} kerasseq / JoeyNMT: {min(ratios):.2f} to {max(ratios):.2f}")


def say(name: str, figures: tuple[float, float]) -> None:
    """Prints one side."""
    print(f"{name:<9} {figures[0]:8,.0f} target tokens/s   {figures[1]:6,.0f} sentences/s", flush=True)


def ours(data: Path, options: dict[str, str]) -> tuple[float, float]:
    """Trains and searches, each in a process of its own, as `kerasseq train` and `kerasseq evaluate` are."""
    given = [f"{key}={value}" for key, value in options.items()]
    with tempfile.TemporaryDirectory() as folder:
        return _called("_train", data, folder, *given), _called("_search", data, folder, *given)


def _called(function: str, *arguments: object) -> float:
    call = f"import sys, translation_speed as t; t.{function}(*sys.argv[1:])"
    command = [sys.executable, "-c", call, *map(str, arguments)]
    done = subprocess.run(command, cwd=Path(__file__).parent, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])


def _run(data: str, folder: str, options: Sequence[str]) -> Any:
    import kerasseq
    from kerasseq.opened_run import Run
    from kerasseq.run_folder import RunFolder

    recipe = kerasseq.check("benchmarks/translate_multi30k", list(options))
    return Run(RunFolder(folder), recipe.values, data_folder=data, recipe_folder=recipe.folder)


def _train(data: str, folder: str, *options: str) -> None:
    """Prints the target tokens a second of an epoch, and leaves its model in the folder."""
    import keras

    from kerasseq.memory import keep_freed_memory
    from kerasseq.train.callbacks import GradientClipping
    from kerasseq.train.optimizers.adam import adam

    rates: list[float] = []

    class Speed(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
            if batch == STEPS_TO_WARM_UP:
                self.began = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
            rates.append(self.params["steps"] - STEPS_TO_WARM_UP - 1)
            rates.append(time.perf_counter() - self.began)

    keep_freed_memory()  # as `kerasseq train` does
    run = _run(data, folder, options)
    split = run.data.splits["train"]
    model = run.build()
    model.compile(adam(), run.task.loss(0.0), auto_scale_loss=False, jit_compile=False)
    batches = split.epochs(seed=1, first=0, last=1).map(run.task.example)
    callbacks = [GradientClipping(global_norm=1.0), Speed()]
    model.fit(batches, steps_per_epoch=split.steps, shuffle=False, verbose=0, callbacks=callbacks)
    model.save(run.folder.model)
    steps, seconds = rates
    tokens = split.num_tokens("target") + split.num_examples
    print(tokens * steps / split.steps / seconds)


def _search(data: str, folder: str, *options: str) -> None:
    """Prints the sentences a second of the test split, each search compiled beforehand."""
    import numpy as np

    from kerasseq.evaluate.evaluation import answered
    from kerasseq.threads import one_thread_an_operation

    one_thread_an_operation()  # as `kerasseq evaluate` and `kerasseq predict` do
    run = _run(data, folder, options)
    seconds = []
    for _ in range(4):
        began = time.perf_counter()
        answers = answered(run.inference, run.data.splits["test"])
        seconds.append(time.perf_counter() - began)
    words = np.mean([len(answer["prediction"].split()) for answer in answers])
    print(f"mean length of an output: {words:.1f} words", file=sys.stderr)
    print(len(answers) / statistics.median(seconds[1:]))


def peer(data: Path, attention: str, python: str) -> tuple[float, float] | None:
    """JoeyNMT's figures from its own log, or None where it is not installed."""
    if subprocess.run([python, "-c", "import joeynmt"], capture_output=True).returncode:
        return None
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        for name, stem in SPLITS.items():
            for language in ("de", "en"):
                text = (data / "multi30k" / "tok" / f"{stem}.lc.norm.tok.{language}").read_bytes()
                (work / f"{name}.{language}").write_bytes(text)
        (work / "recipe.yaml").write_text(peer_recipe(work, attention))
        log = _joey(python, "train", work)
        rates = [float(rate) for rate in re.findall(r"Tokens per Sec:\s+(\d+)", log)]
        searched = _joey(python, "test", work)
        seconds = re.findall(r"took (\d+\.\d+)s?\[?s?", searched)
        return statistics.median(rates[1:]), 1000 / float(seconds[-1])


def _joey(python: str, verb: str, work: Path) -> str:
    command = [python, "-m", "joeynmt", verb, str(work / "recipe.yaml")]
    done = subprocess.run(
        command, cwd=work, check=True, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.stdout


def peer_recipe(work: Path, attention: str) -> str:
    """The peer's configuration of the same model."""
    import json

    def side(language: str) -> dict:
        vocabulary = {"level": "word", "voc_limit": 8000, "voc_min_freq": 2}
        return {"lang": language, "lowercase": False, "max_length": 60, **vocabulary}

    def rnn(**more: object) -> dict:
        embeddings = {"embedding_dim": 256, "scale": False, "dropout": 0.3}
        size = {"hidden_size": 256, "num_layers": 1, "dropout": 0.3}
        return {"type": "recurrent", "rnn_type": "lstm", **size, "embeddings": embeddings, **more}

    names = {"unk": "<unk>", "pad": "<pad>", "bos": "<s>", "eos": "</s>"}
    tokens = {f"{name}_token": token for name, token in names.items()}
    ids = {f"{name}_id": place for place, name in enumerate(names)}
    files = {key: str(work / name) for key, name in zip(("train", "dev", "test"), SPLITS, strict=True)}
    recipe = {
        "name": "multi30k",
        "joeynmt_version": "2.3.0",
        "model_dir": str(work / "model"),
        "use_cuda": False,
        "fp16": False,
        "random_seed": 42,
        "data": {
            **files,
            "dataset_type": "plain",
            "src": side("de"),
            "trg": side("en"),
            "special_symbols": {**tokens, **ids},
        },
        "testing": {
            "beam_size": 5,
            "beam_alpha": 1.0,
            "batch_size": 64,
            "batch_type": "sentence",
            "max_output_length": 60,
            "eval_metrics": ["bleu"],
            "sacrebleu_cfg": {"tokenize": "none"},
        },
        "training": {
            "optimizer": "adam",
            "learning_rate": 0.001,
            "clip_grad_norm": 1.0,
            "scheduling": "exponential",
            "decrease_factor": 1.0,
            "normalization": "tokens",
            "batch_size": 64,
            "batch_type": "sentence",
            "shuffle": True,
            "epochs": 1,
            "validation_freq": 450,
            "logging_freq": 50,
            "early_stopping_metric": "bleu",
            "overwrite": True,
            "print_valid_sents": [0],
            "keep_best_ckpts": 1,
        },
        "model": {
            "initializer": "xavier_uniform",
            "bias_initializer": "zeros",
            "lstm_forget_gate": 1.0,
            "embed_initializer": "normal",
            "embed_init_weight": 0.1,
            "encoder": rnn(bidirectional=True),
            "decoder": rnn(hidden_dropout=0.3, input_feeding=True, init_hidden="bridge", attention=attention),
        },
    }
    return json.dumps(recipe)


if __name__ == "__main__":
    main()
