"""The exported graph, in a process that has no kerasseq, says what the run says."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from kerasseq import pipeline
from kerasseq.registry import names
from tests.tiny_run import PLAIN, untrained_run, write_recipe

BARE = Path(__file__).parent / "bare_process.py"
TEXTS = ["3rd of May 2019", "", "1 May", "12. Dezember 1987", "☃ ὕ 2001", "a  b", "Freitag, 6. Juni 2031"]
PAIRS = [("3rd of May 2019", "2019-05-03"), ("1 May", ""), ("", "1"), ("☃", "☃☃")]
TOKENIZERS = {"character": {}, "word": {"minimum_frequency": 2}, "subword": {"vocabulary_size": 120}}
WIDTHS = {"character": 3, "word": 1, "subword": 1}


def _exported(folder, tokenizer):
    """A run of random weights, exported."""
    folder.mkdir()
    features = {"tokenizer": {"type": tokenizer, **TOKENIZERS[tokenizer]}}
    overrides = {
        **PLAIN,
        "data.features": {"source": features, "target": features},
        "model.encoder.bidirectional": False,
        "decode": {"type": "greedy", "max_length": 9},
        "export": ["saved_model"],
    }
    run = untrained_run(write_recipe(folder), overrides)
    assert pipeline.export(run) == str(run.folder.saved_model)
    return run


def _asked_in_a_bare_process(runs, folder):
    """What each run's graph says; that of subwords comes last, for it alone needs tensorflow-text."""
    questions = [
        {
            "folder": str(run.folder.saved_model.absolute()),
            "texts": TEXTS,
            "sources": [source for source, _ in PAIRS],
            "targets": [target for _, target in PAIRS],
            "needs_text": tokenizer == "subword",
        }
        for tokenizer, run in runs.items()
    ]
    (folder / "asked.json").write_text(json.dumps(questions), "utf-8")
    command = [sys.executable, "-I", str(BARE), "asked.json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(zip(runs, json.loads(done.stdout), strict=True))


@pytest.fixture(scope="module")
def asked(tiny_run, tmp_path_factory):
    """For each tokenizer a run and what its graph says; that of characters attends, and has a beam."""
    folder = tmp_path_factory.mktemp("exported")
    runs = {"character": tiny_run}
    runs.update((tokenizer, _exported(folder / tokenizer, tokenizer)) for tokenizer in ("word", "subword"))
    answers = _asked_in_a_bare_process(runs, folder)
    return {tokenizer: (run, answers[tokenizer]) for tokenizer, run in runs.items()}


def test_every_tokenizer_is_here():
    assert sorted(TOKENIZERS) == names("tokenizer")


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_without_kerasseq_it_says_what_the_run_says(asked, tokenizer):
    (run, answers), width = asked[tokenizer], WIDTHS[tokenizer]
    _check_texts(run, answers["served"])
    _check_n_best(run, answers["served"][str(len(TEXTS))][0], count=width)
    _check_pairs(run, answers["scored"])
    assert answers["served_nothing"] == {
        "text": [0],
        "score": [0],
        "n_best_text": [0, width],
        "n_best_score": [0, width],
    }
    assert answers["scored_nothing"] == {"log_probability": [], "num_tokens": []}


def _check_texts(run, served):
    expected = list(run.decode(TEXTS))
    assert len({line["prediction"] for line in expected}) > 2
    assert sorted(map(int, served)) == [1, 3, len(TEXTS)]
    for batches in served.values():
        texts = [text for batch in batches for text in batch["text"]]
        assert texts == [line["prediction"] for line in expected]
        scores = [score for batch in batches for score in batch["score"]]
        np.testing.assert_allclose(scores, [line["score"] for line in expected], atol=1e-5, rtol=1e-5)


def _check_n_best(run, served, *, count):
    found = run.inference.respond({"source": run.features["source"].encode(TEXTS)})
    texts = [
        [text.decode() for text in row] for row in run.features["target"].decode(found["tokens"]).numpy()
    ]
    assert served["n_best_text"] == texts
    np.testing.assert_allclose(served["n_best_score"], found["scores"], rtol=1e-5)
    assert np.shape(texts) == (len(TEXTS), count)
    assert all(len(set(row)) == count for row in texts)
    assert [row[0] for row in texts] == served["text"]
    assert [row[0] for row in served["n_best_score"]] == served["score"]


def _check_pairs(run, scored):
    expected = run.score(PAIRS)
    np.testing.assert_allclose(scored["log_probability"], [line["score"] for line in expected], rtol=1e-5)
    assert scored["num_tokens"] == [line["tokens"] for line in expected]
    assert scored["num_tokens"][1] == 1  # `</s>` alone


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_it_is_of_core_operations_and_for_subwords_those_of_tensorflow_text(asked, tokenizer):
    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((asked[tokenizer][0].folder.saved_model / "saved_model.pb").read_bytes())
    graph = proto.meta_graphs[0].graph_def
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    operations = {node.op for node in nodes}
    assert operations & {"While", "StatelessWhile"}
    others = operations - set(dir(tf.raw_ops))
    assert others == ({"FastWordpieceTokenizeWithOffsets"} if tokenizer == "subword" else set())


def test_a_recipe_that_exports_nothing_says_so(tmp_path):
    opened = pipeline.Run(pipeline.RunFolder(tmp_path), {"export": []})
    assert pipeline.export(opened) == f"{tmp_path / 'recipe.yaml'}: `export` names nothing to write"
