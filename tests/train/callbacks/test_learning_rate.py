"""The rate's rise, and a schedule that goes by the logs."""

import keras
import numpy as np
import pytest

from kerasseq.train.callbacks import LearningRate, MovingRate
from kerasseq.train.schedules.plateau import Plateau
from kerasseq.train.schedules.step import Step

X, Y = np.ones((4, 2), "float32"), np.ones((4, 1), "float32")


def test_any_schedule_may_rise_first():
    rate = MovingRate(Step(learning_rate=8.0, by="step", every=3), warmup_steps=2)
    assert [float(rate(step)) for step in range(5)] == [4, 8, 8, 4, 4]
    constant = MovingRate(6.0, warmup_steps=3)
    np.testing.assert_allclose([float(constant(step)) for step in range(4)], [2, 4, 6, 6], rtol=1e-6)


def test_it_is_brought_down_without_a_new_trace():
    rate, traces = MovingRate(0.5), []
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(keras.optimizers.SGD(rate), "mse", jit_compile=False)
    call = model.call

    def counted(*args, **kwargs):
        traces.append(1)
        return call(*args, **kwargs)

    model.call = counted
    model.fit(X, Y, verbose=0)
    before = model.get_weights()
    rate.share.assign(0.0)
    model.fit(X, Y, verbose=0)
    for one, other in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, other)
    assert len(traces) == 1


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_plateau_is_told_how_each_epoch_went(wrapped):
    plateau = Plateau(monitor="loss", learning_rate=1e-9, factor=0.5)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(MovingRate(plateau) if wrapped else plateau), "mse", jit_compile=False)
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[LearningRate()])
    assert float(plateau.share) == 0.25


def test_a_rise_of_negative_steps_is_refused():
    with pytest.raises(ValueError, match="`warmup_steps` must be >= 0. Received: warmup_steps=-1"):
        MovingRate(1.0, warmup_steps=-1)
