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
from tests.tiny_run import PLAIN, untrained_run, write_recipe

BARE = Path(__file__).parent / "bare_process.py"
TOKENIZERS = {
    "character": {},
    "word": {"minimum_frequency": 2},
    "subword": {"vocabulary_size": 120},
}
TEXTS = ["3rd of May 2019", "", "1 May", "12. Dezember 1987", "☃ ὕ 2001", "a  b", "Freitag, 6. Juni 2031"]
PAIRS = [("3rd of May 2019", "2019-05-03"), ("1 May", ""), ("", "1"), ("☃", "☃☃")]
BEAM = {"type": "beam", "beam_width": 4, "num_hypotheses": 3, "min_length": 3, "max_length": 9}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """For each tokenizer a run of random weights that was exported."""
    made = {}
    for tokenizer, options in TOKENIZERS.items():
        recipe = write_recipe(tmp_path_factory.mktemp(tokenizer), data_set="dates")
        features = {"tokenizer": {"type": tokenizer, **options}}
        overrides = {
            **PLAIN,
            "data.features": {"source": features, "target": features},
            "export": ["saved_model"],
        }
        if tokenizer == "character":
            overrides |= {"decode": BEAM, "model.decoder": {"cell": "lstm", "units": 12}}
        made[tokenizer] = untrained_run(recipe, overrides)
        assert pipeline.export(made[tokenizer]) == str(made[tokenizer].folder.saved_model)
    return made


@pytest.fixture(scope="module")
def answers(runs, tmp_path_factory):
    """What the exported models say, loaded without kerasseq."""
    folder = tmp_path_factory.mktemp("bare")
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
    return dict(zip(TOKENIZERS, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_texts_and_scores_are_the_runs_own(runs, answers, tokenizer):
    expected = list(runs[tokenizer].decode(TEXTS))
    assert len({line["prediction"] for line in expected}) > 2
    for batches in answers[tokenizer]["served"].values():
        texts = [text for batch in batches for text in batch["text"]]
        assert texts == [line["prediction"] for line in expected]
        scores = [score for batch in batches for score in batch["score"]]
        np.testing.assert_allclose(scores, [line["score"] for line in expected], atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_pairs_score_as_in_the_run(runs, answers, tokenizer):
    expected, found = runs[tokenizer].score(PAIRS), answers[tokenizer]["scored"]
    np.testing.assert_allclose(found["log_probability"], [line["score"] for line in expected], rtol=1e-5)
    assert found["num_tokens"] == [line["tokens"] for line in expected]
    assert found["num_tokens"][1] == 1  # `</s>` alone


def test_the_n_best_are_those_of_the_beam(runs, answers):
    (whole,) = answers["character"]["served"][str(len(TEXTS))]
    assert answers["character"]["outputs"] == ["n_best_score", "n_best_text", "score", "text"]
    run = runs["character"]
    found = run.inference.decode(run.features["source"].encode(TEXTS))
    texts = np.char.decode(run.features["target"].decode(found.tokens).numpy().astype("S"), "utf-8")
    assert texts.tolist() == whole["n_best_text"]
    np.testing.assert_allclose(whole["n_best_score"], found.scores, rtol=1e-5)
    assert np.shape(whole["n_best_text"]) == (len(TEXTS), 3)
    assert all(len(set(texts)) == 3 for texts in whole["n_best_text"])
    assert [texts[0] for texts in whole["n_best_text"]] == whole["text"]
    assert [scores[0] for scores in whole["n_best_score"]] == whole["score"]
    (greedy,) = answers["word"]["served"][str(len(TEXTS))]
    assert np.shape(greedy["n_best_text"]) == (len(TEXTS), 1)


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_no_texts_give_no_texts(answers, tokenizer):
    width = 3 if tokenizer == "character" else 1
    expected = {"text": [0], "score": [0], "n_best_text": [0, width], "n_best_score": [0, width]}
    assert answers[tokenizer]["empty"] == expected
    assert answers[tokenizer]["unscored"] == {"log_probability": [], "num_tokens": []}


@pytest.mark.parametrize("tokenizer", TOKENIZERS)
def test_the_graph_is_of_core_operations(runs, tokenizer):
    proto = saved_model_pb2.SavedModel()
    proto.ParseFromString((runs[tokenizer].folder.saved_model / "saved_model.pb").read_bytes())
    graph = proto.meta_graphs[0].graph_def
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    others = {node.op for node in nodes} - set(dir(tf.raw_ops))
    assert "StatelessWhile" in {node.op for node in nodes} or "While" in {node.op for node in nodes}
    is_of_text = {op.startswith(("TFText>", "FastWordpiece")) for op in others}
    assert is_of_text == ({True} if tokenizer == "subword" else set()), others


def test_a_recipe_that_exports_nothing_says_so(tiny_run):
    opened = pipeline.open_run(tiny_run.folder.path)
    opened.values["export"] = []
    assert pipeline.export(opened) == f"{opened.folder.recipe}: `export` names nothing to write"
