"""Losses of forecasts: their equations, missing targets, and what they are least at."""

import keras
import numpy as np
import pytest

from kerasseq.losses import PointLoss, QuantileLoss

RNG = np.random.default_rng(0)
TRUE = RNG.normal(size=(4, 3, 2)).astype("float32")
PREDICTED = RNG.normal(size=(4, 3, 2)).astype("float32")
HOLES = np.where(RNG.random(TRUE.shape) < 0.3, np.nan, TRUE).astype("float32")
EQUATIONS = {
    "mse": np.square,
    "mae": np.abs,
    "huber": lambda e: np.where(np.abs(e) <= 0.7, e**2 / 2, 0.7 * (np.abs(e) - 0.35)),
}


@pytest.mark.parametrize("kind", EQUATIONS)
def test_point_losses_are_means_of_what_is_known(kind):
    loss = PointLoss(kind=kind, delta=0.7)
    errors = EQUATIONS[kind](TRUE - PREDICTED)
    np.testing.assert_allclose(loss(TRUE, PREDICTED), errors.mean(), rtol=1e-5)
    known = np.isfinite(HOLES)
    np.testing.assert_allclose(loss(HOLES, PREDICTED), errors[known].mean(), rtol=1e-5)
    weights = np.array([1, 0, 2, 0.5], "float32")
    each = np.broadcast_to(weights[:, None, None], TRUE.shape)[known]
    expected = (errors[known] * each).sum() / each.sum()
    np.testing.assert_allclose(loss(HOLES, PREDICTED, weights), expected, rtol=1e-5)


def test_quantile_losses_are_means_of_what_is_known():
    quantiles = (0.1, 0.5, 0.8)
    predicted = RNG.normal(size=(4, 3, 2, 3)).astype("float32")
    errors = TRUE[..., None] - predicted
    expected = np.maximum(np.array(quantiles) * errors, (np.array(quantiles) - 1) * errors).mean(-1)
    loss = QuantileLoss(quantiles)
    np.testing.assert_allclose(loss(TRUE, predicted), expected.mean(), rtol=1e-5)
    np.testing.assert_allclose(loss(HOLES, predicted), expected[np.isfinite(HOLES)].mean(), rtol=1e-5)


def test_the_loss_of_a_quantile_is_least_there():
    values = RNG.normal(size=(2001, 1, 1)).astype("float32")
    places = np.linspace(-2, 2, 81)
    for quantile in (0.1, 0.5, 0.9):
        losses = [
            float(QuantileLoss([quantile])(values, np.full((2001, 1, 1, 1), place, "float32")))
            for place in places
        ]
        assert abs(places[np.argmin(losses)] - np.quantile(values, quantile)) < 0.06


@pytest.mark.parametrize("loss", [PointLoss(), QuantileLoss([0.5])])
def test_gradients_are_finite_where_nothing_is_known(loss):
    layer = keras.layers.Dense(1)
    shape = (4, 3, 2) if isinstance(loss, PointLoss) else (4, 3, 2, 1)
    model = keras.Sequential(
        [keras.Input((5,)), layer, keras.layers.Dense(6), keras.layers.Reshape(shape[1:])]
    )
    model.compile("sgd", loss, jit_compile=False)
    model.optimizer.build(model.trainable_variables)
    holes = HOLES.copy()
    holes[0] = np.nan
    model.fit(np.ones((4, 5)), holes, verbose=0)
    model.fit(np.ones((4, 5)), np.full(TRUE.shape, np.nan), verbose=0)
    assert np.isfinite(keras.ops.convert_to_numpy(layer.kernel)).all()
    assert float(loss(np.full(TRUE.shape, np.nan, "float32"), np.zeros(shape, "float32"))) == 0


def test_losses_come_back_from_their_config_and_check_it():
    again = keras.losses.deserialize(keras.losses.serialize(PointLoss(kind="huber", delta=2.0)))
    assert (again.kind, again.delta) == ("huber", 2.0)
    again = keras.losses.deserialize(keras.losses.serialize(QuantileLoss([0.1, 0.5])))
    assert again.quantiles == (0.1, 0.5)
    with pytest.raises(ValueError, match="`kind` must be one of 'mse', 'mae', 'huber'. Received: kind='x'"):
        PointLoss(kind="x")
    for wrong in ([], [0.5, 0.1], [0.5, 0.5], [0.0, 0.5]):
        with pytest.raises(ValueError, match="`quantiles` must rise between 0 and 1. Received: quantiles="):
            QuantileLoss(wrong)
