"""The best and the last epoch, kept and put back, in anyone's `fit`."""

import os
import re

import keras
import numpy as np
import pytest

from kerasseq.errors import RunFolderError
from kerasseq.train.callbacks import Checkpoints

X = np.ones((4, 2), "float32")


class Values(keras.callbacks.Callback):
    """Logs given values of `figure`, one an epoch."""

    def __init__(self, values):
        super().__init__()
        self.values = iter(values)

    def on_epoch_end(self, epoch, logs=None):
        logs["figure"] = next(self.values)


def _model(units=1):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dropout(0.5), keras.layers.Dense(units)])
    model.compile(keras.optimizers.Adam(0.1), "mse", run_eagerly=keras.backend.backend() != "jax")
    model.optimizer.build(model.trainable_variables)
    return model


def _fit(model, *callbacks, epochs, first=0):
    targets = np.zeros((4, model.output_shape[-1]), "float32")
    model.fit(X, targets, epochs=epochs, initial_epoch=first, verbose=0, callbacks=list(callbacks))


def _measure(model, checkpoints, values, name="figure"):
    """Ends epochs as `fit` does, until they are to stop; None logs nothing. The weights of each epoch."""
    checkpoints.set_model(model)
    model.stop_training, weights = False, []
    for epoch, value in enumerate(values):
        for weight in model.trainable_weights:
            weight.assign(keras.ops.full(weight.shape, epoch))
        weights.append(model.get_weights())
        checkpoints.on_epoch_end(epoch, {"loss": 1.0} if value is None else {"loss": 1.0, name: value})
        if model.stop_training:
            break
    return weights


def _assert_same(found, expected):
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("name", "values", "best"),
    [
        ("figure", [1.0, 3.0, 2.0], 2),
        ("validation_loss", [1.0, 0.5, 0.7], 2),
        ("validation_perplexity", [3.0, 4.0, 2.0], 3),
        ("validation_calibration_error", [0.3, 0.1, 0.2], 2),
        ("validation_repetition", [0.3, 0.1, 0.2], 2),
        ("validation_bits_per_character", [3.0, 1.0, 2.0], 2),
        ("figure", [1.0, 1.0, 1.0], 1),
        ("figure", [None, 1.0, 0.5], 2),
        ("figure", [float("nan"), 1.0, 2.0], 3),
        ("validation_loss", [2.0, float("nan"), 3.0], 1),
    ],
)
def test_the_best_epochs_weights_are_put_back(tmp_path, name, values, best):
    model, checkpoints = _model(), Checkpoints(tmp_path, monitor=name)
    weights = _measure(model, checkpoints, values, name)
    assert checkpoints.best_epoch == best
    assert checkpoints.epoch == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["best.npz", "epoch_2.npz", "epoch_3.npz"]
    checkpoints.restore_best(model)
    _assert_same(model.get_weights(), weights[best - 1])


def test_a_restored_fit_goes_on_as_if_never_interrupted(tmp_path):
    whole, resumed = _model(), _model()
    resumed.set_weights(whole.get_weights())
    for one, other in zip(resumed.variables, whole.variables, strict=True):
        one.assign(other)  # the seed of dropout, too
    _fit(whole, epochs=4)
    _fit(resumed, Checkpoints(tmp_path, monitor="loss"), epochs=2)
    fresh, checkpoints = _model(), Checkpoints(tmp_path, monitor="loss")
    assert checkpoints.restore_last(fresh)
    assert [row["epoch"] for row in checkpoints.history] == [1, 2]
    _fit(fresh, checkpoints, epochs=4, first=checkpoints.epoch)
    _assert_same(fresh.get_weights(), whole.get_weights())
    assert [row["epoch"] for row in checkpoints.history] == [1, 2, 3, 4]


def test_without_a_checkpoint_nothing_is_restored(tmp_path):
    model = _model()
    before = model.get_weights()
    checkpoints = Checkpoints(tmp_path)
    assert not checkpoints.restore_last(model)
    checkpoints.restore_best(model)
    _assert_same(model.get_weights(), before)


@pytest.mark.parametrize(("values", "epochs"), [([5, 4, 3, 2, 1, 0], 3), ([1, 2, 3, 2, 2, 2], 5)])
def test_training_stops_when_the_patience_is_spent(tmp_path, values, epochs):
    checkpoints = Checkpoints(tmp_path, monitor="figure", patience=2)
    _fit(_model(), Values(values), checkpoints, epochs=6)
    assert checkpoints.epoch == epochs
    assert checkpoints.has_run_out()


@pytest.mark.parametrize(
    ("values", "epochs"), [([None, None, 1, None, 2, 3], 6), ([None, None, 1, None, 0.5, 3], 5)]
)
def test_epochs_that_were_not_measured_cost_no_patience(tmp_path, values, epochs):
    model, checkpoints = _model(), Checkpoints(tmp_path, monitor="figure", patience=2)
    _measure(model, checkpoints, values)
    assert checkpoints.epoch == epochs


def test_a_log_that_never_comes_is_an_error_that_names_those_that_do(tmp_path):
    message = r"`monitor` must be a log: loss, figure\. Received: monitor='figur'\. did you mean 'figure'\?"
    with pytest.raises(ValueError, match=message):
        _fit(_model(), Values([1.0, 2.0]), Checkpoints(tmp_path, monitor="figur"), epochs=2)


@pytest.fixture
def saved(tmp_path):
    """A folder with checkpoints of one epoch."""
    _fit(_model(), Checkpoints(tmp_path, monitor="loss"), epochs=1)
    return tmp_path


@pytest.mark.parametrize(
    "broken", [lambda content: content[: len(content) // 2], lambda content: b"", lambda _: b"x"]
)
def test_a_torn_file_is_named(saved, broken):
    path = saved / "epoch_1.npz"
    path.write_bytes(broken(path.read_bytes()))
    message = rf"^{re.escape(str(path))} cannot be read: .*\n  fix: start the run over with --fresh$"
    with pytest.raises(RunFolderError, match=message):
        Checkpoints(saved).restore_last(_model())


def test_weights_of_other_shapes_are_refused(saved):
    message = (
        r"epoch_1\.npz holds another model: .*kernel is \(2, 3\), there it is \(2, 1\)\.\n"
        r"  fix: start the run over with --fresh$"
    )
    with pytest.raises(RunFolderError, match=message):
        Checkpoints(saved).restore_last(_model(units=3))


def test_another_number_of_variables_is_refused(saved):
    model = _model()
    model.compile(keras.optimizers.SGD(), "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    message = (
        r"epoch_1\.npz holds \d+ variables, and the model has \d+\.\n  fix: start the run over with --fresh$"
    )
    with pytest.raises(RunFolderError, match=message):
        Checkpoints(saved).restore_last(model)


def test_what_was_flushed_to_the_disk_stays_until_the_next_is(tmp_path, monkeypatch):
    clock, flushed = iter(np.arange(100) * 6.0), []
    monkeypatch.setattr("kerasseq.train.callbacks.checkpoints.time.monotonic", lambda: next(clock))
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(descriptor))
    checkpoints = Checkpoints(tmp_path, monitor="loss", keep=1)
    _fit(_model(), checkpoints, epochs=3)
    assert sorted(path.name for path in tmp_path.glob("epoch*")) == ["epoch_2.npz", "epoch_3.npz"]
    _fit(_model(), checkpoints, epochs=4, first=3)
    assert sorted(path.name for path in tmp_path.glob("epoch*")) == ["epoch_4.npz"]
    assert len(flushed) == 2
