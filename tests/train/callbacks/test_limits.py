"""Ends by steps and by minutes."""

import keras
import numpy as np
import pytest

from kerasseq.train.callbacks import Limits
from tests.train.small_training import EVERYTHING, STEPS, run


class Batches(keras.callbacks.Callback):
    """Counts them."""

    number = 0

    def on_train_batch_end(self, batch, logs=None):
        self.number += 1


def _fit(limits, epochs=3):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    batches = Batches()
    fitted = model.fit(
        np.ones((8, 2)), np.ones((8, 1)), batch_size=2, epochs=epochs, verbose=0, callbacks=[limits, batches]
    )
    return batches.number, len(fitted.history["loss"])


@pytest.mark.parametrize(("max_steps", "expected"), [(1, (1, 1)), (4, (4, 1)), (6, (6, 2)), (99, (12, 3))])
def test_training_ends_after_so_many_batches(max_steps, expected):
    limits = Limits(max_steps=max_steps)
    assert _fit(limits) == expected
    assert limits.cut_at == {1: 1, 6: 2}.get(max_steps)


def test_training_ends_after_so_many_minutes(monkeypatch):
    clock = iter(range(1000))
    monkeypatch.setattr("kerasseq.train.callbacks.limits.time.monotonic", lambda: next(clock) * 10.0)
    number, epochs = _fit(Limits(max_minutes=1.0))
    assert number < 8 and epochs <= 2


def test_minutes_count_over_all_sessions():
    limits = Limits(max_minutes=1.0)
    limits.restore({"seconds": 61.0})
    assert limits.is_reached()
    assert limits.state() == {"seconds": 61.0}


@pytest.mark.parametrize(("option", "value"), [("max_steps", 0), ("max_minutes", 0.0)])
def test_limits_out_of_range_are_refused(option, value):
    with pytest.raises(ValueError, match=f"`{option}` must be positive. Received: {option}={value}"):
        Limits(**{option: value})


def test_a_longer_training_goes_on_where_the_limit_had_cut_an_epoch(tmp_path):
    options = {**EVERYTHING, "schedule": {"type": "step"}}
    cut, _ = run(tmp_path / "cut", **options, max_steps=STEPS + 2)
    assert [row["epoch"] for row in cut.history] == [1, 2]
    assert (cut.epoch, cut.step) == (1, 2)
    again, _ = run(tmp_path / "cut", **options, max_steps=STEPS + 2)
    assert again.history == cut.history
    longer, weights = run(tmp_path / "cut", **options)
    whole, expected = run(tmp_path / "whole", **options)
    assert [row["loss"] for row in longer.history] == [row["loss"] for row in whole.history]
    last, same = (np.load(tmp_path / name / "checkpoints" / "epoch_3.npz") for name in ("cut", "whole"))
    for name in set(last.files) - {"state"}:
        np.testing.assert_array_equal(last[name], same[name])
