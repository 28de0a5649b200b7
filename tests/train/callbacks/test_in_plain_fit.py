"""Every public callback in the `fit` of a `keras.Sequential` that is not ours: each does its deed."""

import keras
import numpy as np
import pytest

import kerasseq
from kerasseq.run_folder import RunFolder
from kerasseq.train.callbacks.nan_guard import NotFinite
from kerasseq.train.schedules.plateau import Plateau

callbacks = kerasseq.callbacks
INPUTS = np.random.default_rng(0).normal(size=(8, 2)).astype("float32")
LABELS = INPUTS.sum(axis=1, keepdims=True)
RATE = 0.1
STEPS = 2  # an epoch


class Sampler(keras.layers.Layer):
    """What `ScheduledSampling` looks for in a model."""

    def build(self, shape):
        self.probability = self.add_weight(shape=(), initializer="zeros", trainable=False)
        self.seen = self.add_weight(shape=(), initializer="zeros", trainable=False)

    def enable_sampling(self, is_on=True, **how):
        return self.probability

    def call(self, inputs, training=False):
        if training:
            self.seen.assign(self.probability)
        return inputs


def _fit(*given, layers=(), rate=RATE, labels=LABELS, epochs=2):
    """The model after and its weights before, and the logs of its epochs."""
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.Input((2,)), *layers, keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(rate), "mse")
    model.optimizer.build(model.trainable_variables)
    before = model.get_weights()
    options = {"batch_size": 4, "epochs": epochs, "shuffle": False, "verbose": 0}
    history = model.fit(INPUTS, labels, callbacks=list(given), **options).history
    return model, before, history


def _moved(before, after):
    return np.sqrt(sum(np.square(one - other).sum() for one, other in zip(before, after, strict=True)))


def between_steps(folder):
    """Has a state saved within an epoch."""
    checkpoints = callbacks.Checkpoints(folder, monitor="loss", keep=9)
    _fit(callbacks.BetweenSteps(checkpoints, every_minutes=0.0), checkpoints)
    assert {"epoch_0_step_1.npz", "epoch_1_step_1.npz"} <= {path.name for path in folder.iterdir()}


def checkpoints(folder):
    """Resume to the very same weights."""
    whole, *_ = _fit(callbacks.Checkpoints(folder / "whole", monitor="loss"), epochs=3)
    _fit(callbacks.Checkpoints(folder / "cut", monitor="loss"), epochs=1)
    again = callbacks.Checkpoints(folder / "cut", monitor="loss")
    model, *_ = _fit(epochs=0)
    assert again.restore_last(model) and again.epoch == 1
    model.fit(
        INPUTS, LABELS, batch_size=4, initial_epoch=1, epochs=3, shuffle=False, verbose=0, callbacks=[again]
    )
    for one, other in zip(whole.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def gradient_accumulation(folder):
    """One update in two batches."""
    model, *_ = _fit(callbacks.GradientAccumulation(steps=2), epochs=3)
    assert int(model.optimizer.iterations) == 3


def gradient_clipping(folder):
    """No step is longer than the rate times the threshold."""
    model, before, history = _fit(callbacks.GradientClipping(global_norm=0.01))
    assert history["clipped_share"] == [1.0, 1.0] and min(history["gradient_norm"]) > 0.01
    assert 0 < _moved(before, model.get_weights()) <= RATE * 0.01 * 2 * STEPS * 1.001


def learning_rate(folder):
    """A plateau's rate falls where the loss does not."""
    plateau = Plateau(monitor="loss", learning_rate=1e-30)
    model, *_ = _fit(callbacks.LearningRate(), rate=plateau)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.5e-30, rel=1e-5)


def limits(folder):
    """The third step is the last."""
    model, _, history = _fit(callbacks.Limits(max_steps=3), epochs=9)
    assert int(model.optimizer.iterations) == 3 and len(history["loss"]) == 2


def metric_evaluation(folder):
    """What is measured is logged."""
    numbers = iter([3.0, 4.0])
    _, _, history = _fit(callbacks.MetricEvaluation(lambda: {"bleu": next(numbers)}))
    assert history["validation_bleu"] == [3.0, 4.0]


def moving_rate(folder):
    """The rate rises at first, and comes down when it is told to."""
    rate = callbacks.MovingRate(RATE, warmup_steps=8)
    model, before, _ = _fit(rate=rate, epochs=1)
    plain, *_ = _fit(epochs=1)
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE * 3 / 8)
    assert _moved(before, model.get_weights()) < _moved(before, plain.get_weights())
    rate.share.assign(0.5)
    assert float(model.optimizer.learning_rate) == pytest.approx(RATE * 3 / 16)


def nan_guard(folder):
    """No broken gradient reaches the weights."""
    kept = {}

    class Weights(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            kept["model"], kept["before"] = self.model, kept.get("before", self.model.get_weights())

    with pytest.raises(NotFinite, match=r"The gradient is no finite number at step 1 of the epoch\."):
        _fit(Weights(), callbacks.NanGuard(), labels=LABELS * np.nan)
    assert _moved(kept["before"], kept["model"].get_weights()) == 0


def own_rates(folder):
    """A part is frozen, the rest learns."""
    frozen = keras.layers.Dense(2, name="slow")
    model, before, _ = _fit(callbacks.OwnRates({"slow": 0.0}), layers=[frozen])
    assert _moved(before[:2], model.get_weights()[:2]) == 0
    assert _moved(before[2:], model.get_weights()[2:]) > 0


def scheduled_sampling(folder):
    """The model has the probability of each step, and after training none."""
    sampler = Sampler()
    callback = callbacks.ScheduledSampling(schedule="linear", k=4.0)
    _, _, history = _fit(callback, layers=[sampler])
    assert history["sampling_probability"] == [0.25, 0.75]
    assert (float(sampler.seen), float(sampler.probability)) == (0.75, 0.0)


def watching(folder):
    """A watcher hears of each epoch."""
    _, _, history = _fit(callbacks.Watching(["tensorboard"], folder=RunFolder(folder)))
    (path,) = (folder / "tensorboard").iterdir()
    assert path.read_bytes().count(b"loss") == len(history["loss"]) == 2


def weight_averaging(folder):
    """The average stays behind the weights, and stands in for them when it is asked to."""
    averaging = callbacks.WeightAveraging({"type": "ema", "decay": 0.9})
    model, before, _ = _fit(averaging)
    after = model.get_weights()
    with averaging.in_place():
        average = model.get_weights()
    assert 0 < _moved(before, average) < _moved(before, after)
    assert _moved(after, model.get_weights()) == 0


DEEDS = {
    "BetweenSteps": between_steps,
    "Checkpoints": checkpoints,
    "GradientAccumulation": gradient_accumulation,
    "GradientClipping": gradient_clipping,
    "LearningRate": learning_rate,
    "Limits": limits,
    "MetricEvaluation": metric_evaluation,
    "MovingRate": moving_rate,
    "NanGuard": nan_guard,
    "OwnRates": own_rates,
    "ScheduledSampling": scheduled_sampling,
    "Watching": watching,
    "WeightAveraging": weight_averaging,
}


@pytest.mark.parametrize("name", DEEDS)
def test_it_does_its_deed(tmp_path, name):
    DEEDS[name](tmp_path)


def test_every_public_callback_is_here():
    assert list(DEEDS) == sorted(callbacks.__all__)
    assert len(DEEDS) == 13
