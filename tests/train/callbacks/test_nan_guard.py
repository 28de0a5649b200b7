"""Gradients that are no numbers, in anyone's `fit`."""

import keras
import numpy as np
import pytest

from kerasseq.errors import KerasseqError
from kerasseq.train.callbacks import GradientClipping, NanGuard
from kerasseq.train.callbacks.nan_guard import NotFinite

X, Y = np.ones((40, 2), "float32"), np.ones((40, 1), "float32")


def _model():
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile(keras.optimizers.Adam(0.1), "mse", jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    return model


def _fit(model, inputs, *callbacks):
    model.fit(inputs, Y, batch_size=2, shuffle=False, verbose=0, callbacks=list(callbacks))


@pytest.mark.parametrize(("place", "value"), [(0, np.nan), (13, np.inf), (19, np.nan)])
def test_the_weights_stay_those_before_the_bad_step(place, value):
    inputs = X.copy()
    inputs[2 * place] = value
    model, good = _model(), _model()
    with pytest.raises(NotFinite) as broken:
        _fit(model, inputs, GradientClipping(), NanGuard())
    assert str(broken.value) == (
        f"The gradient is no finite number at step {place + 1} of the epoch. The weights are those before it."
    )
    assert isinstance(broken.value, KerasseqError)
    if place:
        good.fit(
            X[: 2 * place],
            Y[: 2 * place],
            batch_size=2,
            shuffle=False,
            verbose=0,
            callbacks=[GradientClipping()],
        )
    for one, other in zip(model.get_weights(), good.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_good_gradients_pass_unchanged():
    guarded, free = _model(), _model()
    _fit(guarded, X, NanGuard())
    _fit(free, X)
    for one, other in zip(guarded.get_weights(), free.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert "apply" not in vars(guarded.optimizer)


def test_a_second_fit_begins_anew():
    model, guard = _model(), NanGuard()
    with pytest.raises(NotFinite):
        _fit(model, X * np.nan, guard)
    before = model.get_weights()
    _fit(model, X, guard)
    assert any((old != new).any() for old, new in zip(before, model.get_weights(), strict=True))


def test_a_loss_that_is_infinite_while_its_gradient_is_not_ends_training_too():
    model = _model()
    model.compile(keras.optimizers.SGD(0.0), lambda truth, output: keras.ops.sum(output) * 0 + np.inf)
    with pytest.raises(
        NotFinite, match=r"^The loss is no finite number\. The weights are those before it\.$"
    ):
        _fit(model, X, NanGuard())
