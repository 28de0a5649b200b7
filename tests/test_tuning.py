"""A search over a recipe's keys, with a training that only looks up what it would have found."""

import json
import math
import sys

import pytest

from kerasseq import pipeline, tuning
from kerasseq.errors import Interrupted, KerasseqError
from kerasseq.recipe import load_recipe
from tests.tiny_run import PLAIN, eagerly, write_recipe

pytest.importorskip("optuna")

RATES = "train.optimizer.learning_rate: {low: 1e-4, high: 1e-1, log: true}"
KEYS = f"{{{RATES}, model.encoder.cell: [lstm, gru, rnn]}}"


@pytest.fixture
def recipe(tmp_path):
    path = write_recipe(tmp_path)
    search = f"search: {{keys: {KEYS}, trials: 8, sampler: random}}\n"
    path.write_text(path.read_text("utf-8") + search, "utf-8")
    return path


class Trainings:
    """Loss is the distance of the learning rate from 0.01, in powers of ten; an `rnn` cannot be trained."""

    def __init__(self, epochs=3):
        self.epochs = epochs
        self.done = []

    def __call__(self, checked, *, out, data, fresh, display):
        values = checked.values
        assert fresh
        self.done.append(out)
        if values["model"]["encoder"]["cell"]["type"] == "rnn":
            raise KerasseqError("no such thing\n  fix: none")
        rate = values["train"]["optimizer"]["learning_rate"]
        for epoch in range(1, self.epochs + 1):
            loss = abs(math.log10(rate) + 2) + 1 / epoch
            display.epoch_end({"epoch": epoch, "validation_loss": loss, "validation_exact_match": -loss})


@pytest.fixture
def trainings(monkeypatch):
    made = Trainings()
    monkeypatch.setattr(tuning, "train_recipe", made)
    return made


def test_the_best_recipe_is_written_and_runs_as_it_is(recipe, trainings, tmp_path, capsys):
    out = tmp_path / "study"
    best = pipeline.tune(recipe, ["search.monitor=validation_loss"], out=out)
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("trial")]
    assert len(lines) == len(trainings.done) == 8
    results = [float(line.split()[3]) for line in lines if "failed" not in line and "cut short" not in line]
    found = load_recipe(best).values
    rate = found["train"]["optimizer"]["learning_rate"]
    assert abs(math.log10(rate) + 2) + 1 / 3 == pytest.approx(min(results), rel=1e-5)
    assert found["search"] is None
    assert found["model"]["encoder"]["cell"]["type"] in ("lstm", "gru")
    html = (out / "report.html").read_text("utf-8")
    assert "8 trials" in html and "no such thing" in html and "Validation loss by model.encoder.cell" in html


def test_a_study_goes_on_until_it_has_its_trials(recipe, trainings, tmp_path):
    out = tmp_path / "study"
    pipeline.tune(recipe, {"search.trials": 3}, out=out)
    pipeline.tune(recipe, {"search.trials": 5}, out=out)
    assert [folder.name for folder in trainings.done] == ["0000", "0001", "0002", "0003", "0004"]
    pipeline.tune(recipe, {"search.trials": 5}, out=out)
    assert len(trainings.done) == 5


def test_an_interrupt_ends_the_study_not_the_trial_alone(recipe, monkeypatch, tmp_path):
    def interrupted(checked, **options):
        raise Interrupted("SIGTERM: stopped and saved", exit_code=143)

    monkeypatch.setattr(tuning, "train_recipe", interrupted)
    with pytest.raises(Interrupted):
        pipeline.tune(recipe, out=tmp_path / "study")


def test_the_same_seed_proposes_the_same(recipe, trainings, tmp_path):
    few = {"search.trials": 3}
    first = pipeline.tune(recipe, few, out=tmp_path / "a").read_text("utf-8")
    assert pipeline.tune(recipe, few, out=tmp_path / "b").read_text("utf-8") == first
    assert pipeline.tune(recipe, {**few, "seed": 9}, out=tmp_path / "c").read_text("utf-8") != first


def test_a_trial_that_falls_behind_is_cut_short(recipe, trainings, tmp_path, capsys):
    trainings.epochs = 6
    pipeline.tune(recipe, ["search.trials=10", "search.monitor=validation_loss"], out=tmp_path / "study")
    assert "cut short" in capsys.readouterr().out
    pipeline.tune(
        recipe,
        ["search.trials=10", "search.monitor=validation_loss", "search.pruner=none"],
        out=tmp_path / "all",
    )
    assert "cut short" not in capsys.readouterr().out


def test_a_study_of_another_search_is_left_alone(recipe, trainings, tmp_path):
    pipeline.tune(recipe, {"search.trials": 1, "search.keys": {"seed": [1, 2]}}, out=tmp_path / "study")
    with pytest.raises(KerasseqError, match="is of another search"):
        pipeline.tune(recipe, {"search.trials": 2}, out=tmp_path / "study")


def test_where_no_trial_comes_through_the_last_ones_reason_is_told(recipe, trainings, tmp_path):
    with pytest.raises(KerasseqError, match=r"No trial came through\.\n  the last one: no such thing"):
        pipeline.tune(
            recipe,
            {"search.keys": {"model.encoder.cell": ["rnn"]}, "search.trials": 2},
            out=tmp_path / "study",
        )


def test_a_storage_that_cannot_be_used_is_named(recipe, trainings, tmp_path):
    with pytest.raises(KerasseqError, match="The study cannot be kept at nowhere"):
        pipeline.tune(recipe, out=tmp_path / "study", storage="nowhere")


def test_without_optuna_the_install_line_is_told(recipe, monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(KerasseqError, match=r"python -m pip install 'optuna>=4'"):
        pipeline.tune(recipe, out=tmp_path / "study")


@pytest.mark.filterwarnings("ignore:Even though")  # that data is prepared in graphs
def test_trials_are_trained_for_real(recipe, tmp_path):
    plain = [f"{key}={json.dumps(value)}" for key, value in {**PLAIN, "train.epochs": 1}.items()]
    overrides = [*plain, "train.max_steps=1", "search.trials=2", "search.keys={model.encoder.units: [4, 6]}"]
    with eagerly():
        best = pipeline.tune(recipe, overrides, out=tmp_path / "study")
    units = {
        load_recipe(path).values["model"]["encoder"]["units"]
        for path in (tmp_path / "study" / "trials").glob("*/recipe.yaml")
    }
    assert load_recipe(best).values["model"]["encoder"]["units"] in units
    assert (tmp_path / "study" / "trials" / "0000" / "model.keras").is_file()
