"""Two workers on this machine do what one does with the same batches."""

import csv
import os
import subprocess
import sys

import numpy as np
import pytest

from kerasseq import pipeline
from kerasseq.models.carried_state import CarriedState

RECIPES = ("dates", "text")


@pytest.fixture(scope="module")
def alone(together):
    """The same recipes, trained in this process."""
    folder, _ = together
    return {
        name: pipeline.train(folder / f"{name}.yaml", out=folder / f"alone_{name}", quiet=True)
        for name in RECIPES
    }


def _history(path):
    with (path / "history.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _last(path):
    return np.load(max((path / "checkpoints").glob("epoch_*.npz")))


@pytest.mark.parametrize("name", RECIPES)
def test_losses_are_those_of_one_worker(together, alone, name):
    both, one = _history(together[0] / name), _history(alone[name].folder.path)
    assert len(both) == len(one) == 2
    for ours, theirs in zip(both, one, strict=True):
        compared = [column for column in theirs if column not in ("seconds", "tokens_per_second")]
        assert {"loss", "validation_loss", "gradient_norm"} <= set(compared)
        for column in compared:
            assert float(ours[column]) == pytest.approx(float(theirs[column]), rel=1e-5), column


@pytest.mark.parametrize("name", RECIPES)
def test_a_checkpoint_is_that_of_one_worker(together, alone, name):
    both, one = _last(together[0] / name), _last(alone[name].folder.path)
    assert both.files == one.files
    for array in both.files:
        if array != "state":
            assert both[array].shape == one[array].shape
            np.testing.assert_allclose(both[array], one[array], rtol=1e-3, atol=1e-4)


def test_each_example_is_seen_once_an_epoch(together, alone):
    split = alone["dates"].data.splits["train"]
    batches = split.epochs(seed=alone["dates"].values["seed"], first=0, last=2)
    whole = [row for batch in batches.as_numpy_iterator() for row in batch["source"][:, 1:].tolist()]
    shares = [[tuple(row) for share in worker for row in share] for worker in together[1]["dates"]["rows"]]
    assert [len(rows) for rows in shares] == [60, 66]  # of 31, 31 and 1 in an epoch
    assert sorted(shares[0] + shares[1]) == sorted(map(tuple, whole))
    assert len(whole) == 2 * split.num_examples


def test_a_row_of_running_text_stays_with_its_worker(together, alone):
    run = alone["text"]
    batches = run.data.splits["train"].epochs(seed=run.values["seed"], first=0, last=2)
    whole = [batch["text"][:, :-1].tolist() for batch in batches.as_numpy_iterator()]
    first, second = together[1]["text"]["rows"]
    assert first == [rows[:2] for rows in whole]
    assert second == [rows[2:] for rows in whole]
    assert isinstance(run.task.training_model(run.model, batch_size=2), CarriedState)


@pytest.mark.parametrize("name", RECIPES)
def test_a_measurement_is_that_of_one_worker(together, alone, name):
    """Of the best epoch, which is the model that is kept."""
    best = min(_history(alone[name].folder.path), key=lambda row: float(row["validation_loss"]))
    measured = together[1][name]["measured"]
    assert "exact_match" in measured or name == "text"
    expected = {figure: float(best[f"validation_{figure}"]) for figure in measured}
    assert measured == pytest.approx(expected, rel=1e-4)


def test_two_devices_do_what_one_does(together, alone):
    folder, _ = together
    command = [sys.executable, "-m", "kerasseq", "train", "dates.yaml", "train.devices=2", "--out", "devices"]
    command += ["evaluate.metrics=[]"]  # no figure below is of decoded texts
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    rows = zip(_history(folder / "devices"), _history(alone["dates"].folder.path), strict=True)
    for ours, theirs in rows:
        for column in ("loss", "validation_loss", "gradient_norm", "clipping_threshold"):
            assert float(ours[column]) == pytest.approx(float(theirs[column]), rel=1e-5), column


def test_only_the_chief_writes(together):
    folder, _ = together
    assert (folder / "dates" / "history.csv").exists()
    assert not list((folder / "other_dates" / "checkpoints").glob("epoch_*"))


def test_workers_hand_each_other_anything(together):
    assert together[1]["gathered"] == [[0, ""], [1, "ffffff"]]


def test_what_the_chief_cannot_do_is_told_to_all(together):
    assert together[1]["failed"] == ["the disk is full", "The chief said: the disk is full"]
