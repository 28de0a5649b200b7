"""The whole path: what a run folder holds, how it goes on, and what each verb does from its name alone."""

import csv
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import kerasseq
from kerasseq import pipeline
from kerasseq.errors import DataError, RecipeError, RunFolderError
from kerasseq.run_folder import RunFolder
from tests.tiny_run import PLAIN, eagerly, write_recipe

ROOT = Path(__file__).parent.parent
FILES = {
    "recipe.yaml", "environment.json", "history.csv", "metrics.json", "predictions.jsonl", "vocabulary",
    "model.keras", "checkpoints", "saved_model", "gradients.json", "report.html", "tensorboard",
}  # fmt: skip
SHORT = {**PLAIN, "train.epochs": 1}


pytestmark = pytest.mark.filterwarnings("ignore:Even though")  # that data is prepared in graphs


@pytest.fixture
def untraced():
    with eagerly():
        yield


@pytest.fixture
def recipe(tmp_path):
    return write_recipe(tmp_path)


@pytest.fixture
def untrainable(monkeypatch):
    """Fails the test as soon as a model is trained."""
    monkeypatch.setattr(keras.Model, "fit", lambda *_, **__: pytest.fail("a model was trained"))


def _recipe_of(run):
    return run.folder.path.parent / "tiny.yaml"


def test_a_run_folder_holds_what_the_design_lists_and_no_more(tiny_run):
    folder = tiny_run.folder
    assert {path.name for path in folder.path.iterdir()} == FILES
    assert {path.name for path in folder.vocabulary.iterdir()} == {"source.txt", "target.txt"}
    assert {path.name for path in folder.checkpoints.iterdir()} == {
        "epoch_1.npz", "epoch_2.npz", "best.npz"
    }  # fmt: skip
    assert zipfile.is_zipfile(folder.model)
    assert "<html" in folder.report.read_text("utf-8")
    assert not [path for path in folder.path.rglob("*") if path.name.startswith(".")]


def test_the_environment_says_what_ran_on_what(tiny_run):
    found = json.loads(tiny_run.folder.environment.read_text("utf-8"))
    assert found["seed"] == 1
    assert Path(found["recipe_folder"]) == tiny_run.folder.path.parent.absolute()
    assert found["data"]["counts"]["train"] == {
        "read": 256, "kept": 256, "dropped_too_long": 0, "skipped_bad_lines": 0
    }  # fmt: skip
    assert sorted(Path(path).name for path in found["data"]["sha256"]) == [
        "test.tsv",
        "train.tsv",
        "validation.tsv",
    ]
    assert all(len(checksum) == 64 for checksum in found["data"]["sha256"].values())
    assert found["tensorflow"] and found["keras"] and found["devices"]


def test_the_best_epochs_model_is_kept(tiny_run):
    with tiny_run.folder.history.open(newline="") as file:
        losses = [float(row["validation_loss"]) for row in csv.DictReader(file)]
    assert tiny_run.metrics["validation"]["loss"] == pytest.approx(min(losses), rel=1e-4)
    arrays = np.load(tiny_run.folder.checkpoints / "best.npz")
    assert json.loads(str(arrays["state"]))["best_epoch"] == 1 + int(np.argmin(losses))


def test_running_a_finished_recipe_again_only_measures_it_again(tiny_run, tmp_path, untrainable):
    folder = shutil.copytree(tiny_run.folder.path, tmp_path / "run")
    for name in ("metrics.json", "predictions.jsonl", "report.html"):
        (folder / name).unlink()
    again = pipeline.run(_recipe_of(tiny_run), {"export": []}, out=folder, quiet=True)
    assert {path.name for path in folder.iterdir()} == FILES
    assert {**again.metrics, "seconds": None} == {**tiny_run.metrics, "seconds": None}
    assert (folder / "history.csv").read_text() == tiny_run.folder.history.read_text()


def test_another_recipe_in_the_folder_is_refused_by_its_keys(tiny_run, untrainable):
    with pytest.raises(RunFolderError) as refused:
        pipeline.run(_recipe_of(tiny_run), {"seed": 7, "model.encoder.units": 9}, out=tiny_run.folder.path)
    assert str(refused.value) == (
        f"{tiny_run.folder.path} holds a run of another recipe; it differs in: model.encoder.units, seed.\n"
        "  fix: --fresh starts over, --out DIR puts this run elsewhere"
    )


@pytest.mark.parametrize(
    ("is_file", "message"), [(True, "is a file."), (False, "holds something else than a run.")]
)
def test_a_path_that_is_taken_is_refused(recipe, is_file, message, untrainable):
    taken = recipe.parent / "tiny.yaml" if is_file else recipe.parent / "dates"
    for fresh in (False, True):
        with pytest.raises(RunFolderError) as refused:
            pipeline.run(recipe, out=taken, fresh=fresh)
        assert str(refused.value) == f"{taken} {message}\n  fix: name another folder with --out"
    assert recipe.is_file() and (recipe.parent / "dates" / "train.tsv").is_file()


@pytest.mark.parametrize(
    ("overrides", "fix"),
    [
        ({"decode.num_hypotheses": 4}, "widen the beam, or ask for fewer hypotheses"),
        ({"train.scheduled_sampling.schedule": "exponential"}, "give a factor under 1 as `k`"),
        (
            {"train.scheduled_sampling": {"predictions": "greedy", "temperature": 0.5}},
            "take `predictions: sampled`, or leave it out",
        ),
    ],
)
def test_options_that_cannot_be_together_are_refused_before_training(recipe, overrides, fix, untrainable):
    with pytest.raises(RecipeError, match=f"against the rule: .*\n  fix: {fix}"):
        pipeline.run(recipe, overrides, out=recipe.parent / "run")
    assert not (recipe.parent / "run").exists()


def test_fresh_starts_over(tiny_run, tmp_path, untraced):
    folder = RunFolder(shutil.copytree(tiny_run.folder.path, tmp_path / "run"))
    pipeline.train(_recipe_of(tiny_run), {**SHORT, "seed": 3}, out=folder.path, fresh=True, quiet=True)
    assert len(folder.history.read_text().splitlines()) == 2
    assert not folder.metrics.exists() and not folder.saved_model.exists()


def test_data_that_was_missing_lies_where_it_is_said_to(recipe, tmp_path, monkeypatch, untraced):
    """The recipe's folder holds no data; once it is found, the run remembers where it was."""
    monkeypatch.chdir(tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    shutil.move(tmp_path / "dates", elsewhere / "dates")
    with pytest.raises(DataError, match="is not there: dates/trian.tsv"):
        pipeline.train("tiny.yaml", {**SHORT, "data.source.train": "dates/trian.tsv"}, out="run")
    overrides = {**SHORT, "data.source.train": "dates/validation.tsv"}
    run = pipeline.train("tiny.yaml", overrides, out="run", data="elsewhere", quiet=True)
    assert run.folder.model.exists()
    recorded = json.loads(run.folder.environment.read_text("utf-8"))
    assert recorded["data_folder"] == str(elsewhere)
    assert recorded["recipe_folder"] == str(tmp_path)
    assert all(Path(path).is_relative_to(elsewhere) for path in recorded["data"]["sha256"])
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "other")
    splits = pipeline.open_run("../run").data.splits
    assert [splits[name].num_examples for name in ("train", "validation", "test")] == [40, 40, 40]


VERBS = """
import json, sys
from kerasseq import pipeline
run = pipeline.open_run(sys.argv[1])
results = pipeline.evaluate(run)
exported, reported = pipeline.export(run), str(pipeline.report(run))
found = list(pipeline.predict(run, ["1 May 2000", "", "\u2603"]))
scored = pipeline.score(run, [("1 May 2000", "2000-05-01")])
sys.stdout.write(json.dumps([results["test"], exported, reported, found, scored]))
"""


def test_every_verb_works_from_the_folders_name_in_another_process(tiny_run, tmp_path):
    folder = shutil.copytree(tiny_run.folder.path, tmp_path / "moved")
    (folder / "metrics.json").unlink()
    command = [sys.executable, "-c", VERBS, "moved"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    measured, exported, reported, found, scored = json.loads(done.stdout)
    assert measured == pytest.approx(tiny_run.metrics["test"], rel=1e-6)
    assert (exported, reported) == ("moved/saved_model", "moved/report.html")
    expected = list(tiny_run.decode(["1 May 2000", "", "☃"]))
    assert [line["prediction"] for line in found] == [line["prediction"] for line in expected]
    (line,) = tiny_run.score([("1 May 2000", "2000-05-01")])
    assert scored[0].keys() == line.keys()
    assert scored[0]["score"] == pytest.approx(line["score"])


def test_the_package_runs_a_shipped_recipe_by_its_name(tmp_path, recipe, monkeypatch):
    monkeypatch.chdir(tmp_path)
    overrides = {
        **{key: value for key, value in SHORT.items() if key.startswith(("train", "decode", "export"))},
        "model": {
            "type": "seq2seq",
            "embedding_dim": 4,
            "encoder": {"type": "recurrent", "cell": "rnn", "units": 4},
            "decoder": {"cell": "rnn", "units": 4, "attention": "none"},
        },
        "train.monitor": "validation_loss",
        "evaluate": {"metrics": ["exact_match"], "num_details": 0},
        "data.cache_folder": str(tmp_path / "cache"),
    }
    run = kerasseq.run("translate_dates", overrides, data=tmp_path, quiet=True)
    assert run.folder.path == Path("runs/translate_dates")
    assert [type(text) for text in run.predict(["3rd of May 2019", "1 May"])] == [str, str]
    assert kerasseq.predict(run, ["1 May"]) is not None
    assert {"loss", "exact_match"} <= set(run.metrics["test"])


def test_a_model_is_built_compiled_and_fitted_by_hand(tmp_path):
    model = kerasseq.build_seq2seq(
        source_vocabulary_size=9,
        target_vocabulary_size=8,
        embedding_dim=4,
        encoder={"type": "recurrent", "cell": "rnn", "units": 4},
        decoder={"cell": "rnn", "units": 4, "attention": "luong", "input_feeding": False},
    )
    assert isinstance(model, keras.Model)
    model.compile("adam", loss=kerasseq.losses.MaskedCrossEntropy(), jit_compile=False)
    random = np.random.default_rng(0)
    source, target = (random.integers(4, 8, (6, 5)).astype("int32") for _ in range(2))
    target[:, 0] = 2
    callbacks = [
        kerasseq.callbacks.GradientClipping(global_norm=0.1),
        kerasseq.callbacks.ScheduledSampling(schedule="linear", k=4),
        kerasseq.callbacks.MetricEvaluation(lambda: {"bleu": 1.0}),
        kerasseq.callbacks.Checkpoints(tmp_path, monitor="validation_bleu"),
    ]
    inputs = {"source": source, "target": target[:, :-1]}
    history = model.fit(inputs, target[:, 1:], batch_size=3, epochs=2, verbose=0, callbacks=callbacks).history
    assert set(history) == {
        "loss",
        "gradient_norm",
        "clipped_share",
        "sampling_probability",
        "validation_bleu",
    }
    assert history["clipped_share"] == [1.0, 1.0]
    assert (tmp_path / "best.npz").exists()
