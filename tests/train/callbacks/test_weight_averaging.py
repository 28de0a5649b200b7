"""Averaged weights beside those that are trained, in anyone's `fit`."""

import shutil

import keras
import numpy as np
import pytest

from kerasseq.registry import names
from kerasseq.train.callbacks import Checkpoints, GradientClipping, WeightAveraging

X = np.random.default_rng(0).normal(size=(12, 3)).astype("float32")


class Steps(keras.callbacks.Callback):
    """Keeps the weights after every step."""

    def __init__(self):
        super().__init__()
        self.found = []

    def on_train_batch_end(self, batch, logs=None):
        self.found.append([weight.numpy() for weight in self.model.trainable_weights])


class Losses(keras.callbacks.Callback):
    """Logs a validation loss that only rises."""

    def on_epoch_end(self, epoch, logs=None):
        logs["validation_loss"] = float(epoch)


def _model():
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.SGD(0.1), "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def _fit(model, *callbacks, epochs=1, first=0):
    model.fit(
        X, X[:, :2] ** 2, batch_size=4, epochs=epochs, initial_epoch=first, shuffle=False, verbose=0,
        callbacks=list(callbacks),
    )  # fmt: skip


def test_the_average_is_the_one_of_all_steps():
    model, steps = _model(), Steps()
    expected = [weight.numpy() for weight in model.trainable_weights]
    averaging = WeightAveraging({"type": "ema", "decay": 0.7})
    _fit(model, GradientClipping(global_norm=0.5), averaging, steps, epochs=2)
    for step, weights in enumerate(steps.found, 1):
        decay = min(0.7, step / (9 + step))
        expected = [decay * a + (1 - decay) * w for a, w in zip(expected, weights, strict=True)]
    assert len(steps.found) == 6
    for average, wanted in zip(averaging.averages, expected, strict=True):
        np.testing.assert_allclose(average.numpy(), wanted, rtol=1e-5)


def test_training_is_the_same_without_it():
    ours, plain = _model(), _model()
    _fit(ours, GradientClipping(global_norm=0.5), WeightAveraging(), epochs=2)
    _fit(plain, GradientClipping(global_norm=0.5), epochs=2)
    for one, other in zip(ours.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_the_average_takes_the_weights_place_for_a_while():
    model, averaging = _model(), WeightAveraging()
    _fit(model, averaging)
    trained = model.get_weights()
    averages = [average.numpy() for average in averaging.averages]
    measured = averaging.measured(lambda: {"weights": model.get_weights()})()["weights"]
    for one, other in zip(measured, averages, strict=True):
        np.testing.assert_array_equal(one, other)
    with pytest.raises(KeyboardInterrupt), averaging.in_place():
        raise KeyboardInterrupt
    for one, other in zip(model.get_weights(), trained, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_fit_that_was_interrupted_is_not_averaged_twice():
    model, averaging = _model(), WeightAveraging()
    averaging.set_model(model)
    averaging.on_train_begin()
    _fit(model, averaging)
    assert float(averaging.average.steps) == 3


AVERAGES = (
    {"type": "ema", "decay": 0.7}, {"type": "triggered", "patience": 1}, {"type": "last_epochs", "epochs": 2},
)  # fmt: skip


@pytest.mark.parametrize("averaging", AVERAGES, ids=lambda averaging: averaging["type"])
def test_a_resumed_fit_has_the_averages_of_one_that_was_not_interrupted(averaging, tmp_path):
    def parts(folder):
        average = WeightAveraging(averaging)
        return average, Checkpoints(folder, monitor="loss", averaging=average, keep=9)

    whole, (average, checkpoints) = _model(), parts(tmp_path / "whole")
    _fit(whole, Losses(), average, checkpoints, epochs=5)
    shutil.copytree(tmp_path / "whole", tmp_path / "resumed")
    for epoch in (4, 5):
        (tmp_path / "resumed" / f"epoch_{epoch}.npz").unlink()
    resumed, (other, kept) = _model(), parts(tmp_path / "resumed")
    other.build(resumed.trainable_variables)
    assert kept.restore_last(resumed) and kept.epoch == 3
    _fit(resumed, Losses(), other, kept, epochs=5, first=3)
    for one, two in zip(average.variables, other.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
    checkpoints.restore_best(whole)
    for weight, mean in zip(whole.get_weights(), average.averages, strict=True):
        np.testing.assert_array_equal(weight, mean.numpy())


def test_every_average_is_here():
    assert names("averaging") == sorted(averaging["type"] for averaging in AVERAGES)
