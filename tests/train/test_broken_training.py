"""A training that goes wrong says so, and ends or recovers as its recipe says."""

import keras
import numpy as np
import pytest

from kerasseq.errors import TrainingError
from kerasseq.train import session
from kerasseq.train.session import BROKEN_BATCH
from tests.train.small_training import EVERYTHING, Batches, run

SIMPLE = {"epochs": 2, "checkpoint_minutes": 0.0, "optimizer": {"type": "sgd", "learning_rate": 0.5}}


class BrokenOnce(Batches):
    """The third batch of the second epoch holds no numbers, the first `times` times that it is trained on."""

    def __init__(self, times=10**6):
        self.times = times

    def _made(self, seed, epoch, skip, broken=None):
        for step, (inputs, labels) in enumerate(super()._made(seed, epoch, skip), skip):
            if (epoch, step) == (1, 2) and self.times:
                inputs = inputs * np.nan
            yield inputs, labels


def test_it_stops_and_keeps_the_batch(tmp_path):
    with pytest.raises(TrainingError) as stopped:
        run(tmp_path, BrokenOnce(), **EVERYTHING)
    assert str(stopped.value) == (
        f"{tmp_path}: the gradient is no finite number in epoch 2, step 3; its batch is in "
        f"{tmp_path}/{BROKEN_BATCH}. The weights before it are kept.\n"
        "  fix: lower train.optimizer.learning_rate, or give `train.on_nan: rollback`"
    )
    with np.load(tmp_path / BROKEN_BATCH) as kept:
        assert set(kept.files) == {"input", "label"}
        assert np.isnan(kept["input"]).all() and kept["label"].shape == (4, 3)
    for path in (tmp_path / "checkpoints").glob("*.npz"):
        with np.load(path) as saved:
            assert all(np.isfinite(saved[name]).all() for name in saved.files[1:7])  # the weights
    assert sorted(path.name for path in (tmp_path / "checkpoints").glob("epoch*")) == [
        "epoch_1_step_1.npz",
        "epoch_1_step_2.npz",
    ]


def test_it_rolls_back_to_a_lower_rate_and_recovers(tmp_path, capsys):
    rolled_back = []

    class Recovering(BrokenOnce):
        def epochs(self, **options):
            rolled_back.append((options["first"], options["skip"]))
            self.times = len(rolled_back) == 1
            return super().epochs(**options)

    checkpoints, _ = run(tmp_path, Recovering(), **SIMPLE, on_nan="rollback")
    assert rolled_back == [(0, 0), (1, 2)]
    assert [row["epoch"] for row in checkpoints.history] == [1, 2]
    assert all(row["seconds"] < 600 for row in checkpoints.history)
    assert [row["learning_rate"] for row in checkpoints.history] == [0.5, 0.125]
    assert "Back to 1 epochs and 2 steps, at 0.25 of the learning rate." in capsys.readouterr().err


def test_it_gives_up_where_it_cannot_recover(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(session, "MOST_ROLLBACKS", 2)
    with pytest.raises(TrainingError, match="It was rolled back 2 times."):
        run(tmp_path, BrokenOnce(), **SIMPLE, on_nan="rollback")
    said = capsys.readouterr().err
    assert said.count("Back to 1 epochs and 2 steps") == 2
    assert "at 0.0625 of the learning rate" in said


@pytest.mark.parametrize("kind", ["ResourceExhaustedError", "MemoryError"])
def test_memory_that_runs_out_is_one_sentence_with_the_batch(tmp_path, monkeypatch, kind):
    error = MemoryError if kind == "MemoryError" else type(kind, (Exception,), {})

    def fit(*args, **kwargs):
        raise error("OOM when allocating tensor with shape[64,20000]")

    monkeypatch.setattr(keras.Model, "fit", fit)
    with pytest.raises(TrainingError) as failed:
        run(tmp_path, **SIMPLE)
    assert str(failed.value) == (
        "Out of memory: give a smaller data.batch_size, or shorter examples, in epoch 1: "
        "a batch is input (4, 3, 2), label (4, 3)."
    )


def test_a_batch_that_does_not_fit_the_model_is_one_sentence(tmp_path):
    class TooShort(Batches):
        def _dataset(self, make):
            import tensorflow as tf

            batches = super()._dataset(make)
            return batches.map(lambda inputs, labels: (inputs, tf.ensure_shape(labels[:, 1:], (None, None))))

    with pytest.raises(
        TrainingError, match=r"The model cannot take a batch \(.*\), in epoch 1: a batch is input"
    ):
        run(tmp_path, TooShort(), **SIMPLE)


def test_a_defect_stays_a_defect(tmp_path, monkeypatch):
    def fit(*args, **kwargs):
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(keras.Model, "fit", fit)
    with pytest.raises(ZeroDivisionError):
        run(tmp_path, **SIMPLE)
