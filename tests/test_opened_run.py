"""A run folder alone is enough to predict and score; broken ones are named, not traced."""

import itertools
import json
import math
import shutil
from types import SimpleNamespace

import pytest

from kerasseq import pipeline
from kerasseq.errors import DataError, KerasseqError, RecipeError, RunFolderError
from kerasseq.models.inference import WINDOW
from kerasseq.models.seq2seq import Seq2SeqTask
from kerasseq.opened_run import Run, open_run
from kerasseq.run_folder import RunFolder


@pytest.fixture
def copied(tiny_run, tmp_path):
    """A copy of the tiny run, to break."""
    return open_run(shutil.copytree(tiny_run.folder.path, tmp_path / "run"))


def test_a_run_that_is_open_is_returned(tiny_run):
    assert open_run(tiny_run) is tiny_run
    assert repr(tiny_run) == f"Run({str(tiny_run.folder.path)!r})"


def test_it_predicts_texts_it_never_saw_the_like_of(tiny_run):
    texts = ["3rd of May 2019", "", " ", "☃ ὕ", "1 May\n", "x" * 300]
    found = tiny_run.predict(texts)
    assert len(found) == len(texts)
    assert all(isinstance(text, str) for text in found)
    alone = [tiny_run.predict([text])[0] for text in texts]
    assert found == alone
    assert tiny_run.predict([]) == []


def test_a_search_keeps_the_memory_that_its_steps_free(copied, monkeypatch):
    kept = []
    monkeypatch.setattr("kerasseq.memory.keep_freed_memory", lambda: kept.append(True))
    assert copied.inference is copied.inference
    assert kept == [True]


def test_predictions_come_before_everything_is_read(tiny_run):
    taken = []

    def texts():
        for number in itertools.count():
            taken.append(number)
            yield f"{number % 28 + 1} May"

    found = pipeline.predict(tiny_run, texts())
    assert not taken
    first = next(iter(found))
    assert first.keys() == {"input", "prediction", "score"}
    assert first["input"] == "1 May"
    assert len(taken) == WINDOW


def test_predictions_are_in_the_inputs_order_though_like_lengths_are_answered_together(tiny_run, monkeypatch):
    monkeypatch.setattr("kerasseq.models.inference.BATCH_SIZE", 2)
    monkeypatch.setattr("kerasseq.models.inference.WINDOW", 6)
    texts = [f"{number} May {'200' * (number % 3)}" for number in range(9)]
    found = list(tiny_run.decode(texts))
    assert [line["input"] for line in found] == texts
    assert [line["prediction"] for line in found] == [tiny_run.predict([text])[0] for text in texts]


def test_scores_are_log_probabilities_of_the_targets(tiny_run):
    pairs = [("1 May 2000", "2000-05-01"), ("1 May 2000", ""), ("", "☃")]
    found = pipeline.score(tiny_run, pairs)
    assert [(line["source"], line["target"]) for line in found] == pairs
    assert [line["tokens"] for line in found] == [11, 1, 2]
    for line in found:
        assert line["perplexity"] == pytest.approx(math.exp(-line["score"] / line["tokens"]))


def test_scores_of_the_test_split_add_up_to_its_loss(tiny_run):
    lines = map(json.loads, tiny_run.folder.predictions.read_text("utf-8").splitlines())
    found = tiny_run.score((line["input"], line["reference"]) for line in lines)
    loss = -sum(line["score"] for line in found) / sum(line["tokens"] for line in found)
    assert loss == pytest.approx(tiny_run.metrics["test"]["loss"], rel=1e-5)


def test_a_folder_without_a_recipe_is_no_run(tmp_path):
    message = f"{tmp_path} is no run folder: it has no recipe.yaml.\n  fix: name the folder of a run"
    for verb in (pipeline.evaluate, pipeline.export, pipeline.report, pipeline.open_run):
        with pytest.raises(RunFolderError) as refused:
            verb(tmp_path)
        assert str(refused.value) == message


def test_a_run_without_a_model_says_how_to_get_one(copied):
    copied.folder.model.unlink()
    with pytest.raises(
        RunFolderError, match=r"has no trained model yet\.\n  fix: train it with `kerasseq run`$"
    ):
        copied.predict(["1 May"])


@pytest.mark.parametrize(
    "broken", [lambda content: content[:1000], lambda content: b"", lambda content: b"model"]
)
def test_a_broken_model_is_named(copied, broken):
    copied.folder.model.write_bytes(broken(copied.folder.model.read_bytes()))
    with pytest.raises(
        RunFolderError, match=r"model\.keras does not fit .* or is broken: .*\n  fix: run the recipe"
    ):
        copied.predict(["1 May"])


def test_a_vocabulary_that_lost_a_line_does_not_fit_the_model(copied):
    path = copied.folder.vocabulary / "target.txt"
    path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[:-1]), "utf-8")
    with pytest.raises(RunFolderError, match=r"model\.keras does not fit the run's recipe and vocabulary"):
        copied.predict(["1 May"])


def test_a_broken_vocabulary_is_named(copied):
    path = copied.folder.vocabulary / "source.txt"
    path.write_text("nothing\n", "utf-8")
    with pytest.raises(DataError, match=r"source\.txt:1: expected <pad>, found 'nothing'"):
        copied.predict(["1 May"])
    path.unlink()
    with pytest.raises(DataError, match=r"source\.txt: cannot be read as a vocabulary"):
        open_run(copied.folder.path).predict(["1 May"])


@pytest.mark.parametrize("content", ["{", "[]", None])
def test_metrics_that_cannot_be_read_are_named(copied, content):
    if content is None:
        copied.folder.metrics.unlink()
    else:
        copied.folder.metrics.write_text(content)
    with pytest.raises(
        RunFolderError, match=r"metrics\.json cannot be read: .*\n  fix: write it with `kerasseq evaluate`"
    ):
        _ = copied.metrics


def test_a_broken_environment_is_named(copied):
    copied.folder.environment.write_text("{")
    with pytest.raises(
        RunFolderError, match=r"environment\.json cannot be read: .*\n  fix: write it with `kerasseq run`"
    ):
        open_run(copied.folder.path)


def test_a_broken_recipe_is_named(copied):
    copied.folder.recipe.write_text("data: [")
    with pytest.raises(KerasseqError, match=r"recipe\.yaml:1"):
        open_run(copied.folder.path)


def test_a_run_without_history_still_evaluates(copied):
    copied.folder.history.unlink()
    assert copied.seconds_of_training() == 0.0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"decoder": {"units": 8, "attention": {"type": "luong", "score": "dot"}}},
            "`score` 'dot' needs encoder outputs as wide as the decoder's state; use 'general'. "
            "Received: encoder outputs of width 16, units=8",
        ),
        (
            {"bridge": "copy", "decoder": {"units": 8}},
            "`bridge` 'copy' needs encoder and decoder states of the same number and widths; use 'dense'. "
            "Received: encoder [[16, 16]], decoder [[8, 8]]",
        ),
    ],
)
def test_parts_that_do_not_fit_are_named_with_the_recipe(tmp_path, options, message):
    task = Seq2SeqTask(dict.fromkeys(("source", "target"), SimpleNamespace(vocabulary_size=9)))
    encoder = {"type": "recurrent", "units": 8, "bidirectional": True}
    model = {"type": "seq2seq", "embedding_dim": 4, "encoder": encoder, **options}
    values = {"seed": 1, "model": model, "train": {"precision": "float32"}}
    run = Run(RunFolder(tmp_path / "run"), values)
    run.__dict__["task"] = task
    with pytest.raises(RecipeError) as caught:
        run.build()
    assert str(caught.value) == f"{tmp_path / 'run' / 'recipe.yaml'}: `model` cannot be built: {message}"
