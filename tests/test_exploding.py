"""A vanilla network with rectified units at a learning rate of 10: it ends, recovers or is clipped."""

import csv
import math

import pytest

from kerasseq import pipeline
from kerasseq.errors import TrainingError

EXPLODING = {
    "model.cell": {"type": "rnn", "activation": "relu"},
    "train.optimizer": {"type": "sgd", "learning_rate": 10.0},
    "train.clipping": None,
    "train.epochs": 3,
    "train.watch": [],
}


def _train(folder, **options):
    return pipeline.train("hello", {**EXPLODING, **options}, out=folder / "run", quiet=True)


def _rows(run):
    with run.folder.history.open(newline="") as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


def test_it_ends_before_the_weights_are_spoiled(tmp_path):
    with pytest.raises(
        TrainingError, match=r"the gradient is no finite number in epoch 1, step \d+; its batch"
    ):
        _train(tmp_path)
    assert (tmp_path / "run" / "broken_batch.npz").exists()


def test_it_recovers_at_a_lower_rate_where_its_recipe_says_so(tmp_path, capsys):
    rows = _rows(_train(tmp_path, **{"train.on_nan": "rollback"}))
    assert "Back to 0 epochs and 0 steps, at 0.25 of the learning rate." in capsys.readouterr().err
    assert len(rows) == 3
    assert all(row["learning_rate"] < 10 and math.isfinite(row["loss"]) for row in rows)
    assert rows[-1]["validation_loss"] < rows[0]["validation_loss"]


def test_with_clipping_it_trains_and_the_report_draws_the_norms(tmp_path):
    run = _train(tmp_path, **{"train.clipping": {"global_norm": 0.01}})
    rows = _rows(run)
    assert rows[0]["gradient_norm"] > 0.01 and rows[0]["clipped_share"] == 1.0
    assert rows[-1]["validation_loss"] < rows[0]["validation_loss"] / 3
    page = pipeline.report(run).read_text("utf-8")
    assert "Gradient norm" in page
