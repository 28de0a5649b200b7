"""Figures of free decoding among the logs of anyone's `fit`."""

import keras
import numpy as np
import pytest

from kerasseq.train.callbacks import Checkpoints, MetricEvaluation


def _fit(*callbacks, epochs=5):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.01), "mse", run_eagerly=keras.backend.backend() != "jax")
    x = np.ones((2, 2), "float32")
    return model.fit(x, x[:, :1], epochs=epochs, verbose=0, callbacks=list(callbacks)).history


def _falling():
    """3, 2, 1, 0, ... from one measurement to the next."""
    values = iter(range(3, -10, -1))
    return lambda: {"bleu": float(next(values))}


def test_figures_are_logged_under_their_prefix():
    assert _fit(MetricEvaluation(_falling()), epochs=2)["validation_bleu"] == [3.0, 2.0]
    assert _fit(MetricEvaluation(_falling(), prefix="my "), epochs=1)["my bleu"] == [3.0]


@pytest.mark.parametrize(("every", "measured"), [(1, [0, 1, 2, 3, 4]), (2, [1, 3, 4]), (5, [4]), (9, [4])])
def test_it_measures_every_few_epochs_and_after_the_last(every, measured):
    rows = []
    note = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: rows.append("validation_bleu" in logs)
    )
    _fit(MetricEvaluation(_falling(), every_epochs=every), note)
    assert [epoch for epoch, found in enumerate(rows) if found] == measured


def test_early_stopping_sees_them():
    stopping = keras.callbacks.EarlyStopping("validation_bleu", mode="max", patience=2)
    assert len(_fit(MetricEvaluation(_falling()), stopping)["loss"]) == 3


def test_checkpoints_see_them(tmp_path):
    checkpoints = Checkpoints(tmp_path, monitor="validation_bleu", patience=2)
    assert len(_fit(MetricEvaluation(_falling()), checkpoints)["loss"]) == 3
    assert checkpoints.best_epoch == 1


def test_the_interval_must_be_positive():
    with pytest.raises(ValueError, match=r"`every_epochs` must be positive\. Received: every_epochs=0"):
        MetricEvaluation(_falling(), every_epochs=0)
