"""The forecaster's builder, and its task on series in memory."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq import build_forecaster, losses
from kerasseq.models.forecaster import forecast_loss
from kerasseq.models.shown_forecasts import Forecast

RNG = np.random.default_rng(0)
ENCODER = {"type": "recurrent", "cell": "rnn", "units": 5}
CONTEXT, HORIZON = 8, 3
SIZES = {"num_features": 3, "num_targets": 2, "context": CONTEXT, "horizon": HORIZON, "encoder": ENCODER}
KINDS = {
    "plain": {},
    "last_value": {"normalization": "last_value", "autoregression": 4},
    "instance": {"normalization": "instance", "residual": "last_value"},
    "seasonal": {"residual": "seasonal", "season": 4},
    "covariates": {"num_known": 2, "num_static": 3},
    "quantiles": {"quantiles": [0.1, 0.5, 0.9]},
    "interpolate": {"missing": "interpolate", "num_known": 2},
    "mask": {"missing": "mask", "num_static": 1},
    "recursive": {"strategy": "recursive", "residual": "last_value", "num_known": 2, "num_static": 1},
    "recursive_quantiles": {
        "strategy": "recursive",
        "quantiles": [0.2, 0.5, 0.8],
        "normalization": "instance",
    },
}


def _inputs(kind, batch=4):
    options = KINDS[kind]
    history = RNG.normal(size=(batch, CONTEXT, SIZES["num_features"])).astype("float32")
    if "missing" in options:
        history[RNG.random(history.shape) < 0.3] = np.nan
    inputs = {"history": history}
    if "num_known" in options:
        inputs["known"] = RNG.normal(size=(batch, CONTEXT + HORIZON, options["num_known"])).astype("float32")
    if "num_static" in options:
        inputs["static"] = RNG.normal(size=(batch, options["num_static"])).astype("float32")
    return inputs if len(inputs) > 1 else history


def _build(kind):
    keras.utils.set_random_seed(1)
    model = build_forecaster(**SIZES, **KINDS[kind])
    for weight in model.trainable_variables:
        weight.assign(RNG.normal(size=weight.shape) * 0.3)
    return model


@pytest.mark.parametrize("kind", KINDS)
def test_a_batch_is_its_rows(kind):
    model, inputs = _build(kind), _inputs(kind)
    found = ops.convert_to_numpy(model(inputs))
    assert found.shape[:3] == (4, HORIZON, 2) and np.isfinite(found).all()
    for row in (0, 3):
        one = keras.tree.map_structure(lambda part, at=row: part[at : at + 1], inputs)
        np.testing.assert_allclose(found[row : row + 1], ops.convert_to_numpy(model(one)), atol=1e-5)


@pytest.mark.parametrize("kind", ["covariates", "mask", "recursive"])
def test_it_trains_saves_and_comes_back(kind, tmp_path):
    model, inputs = _build(kind), _inputs(kind)
    model.compile("adam", forecast_loss(model), run_eagerly=True)
    target = RNG.normal(size=(4, HORIZON, 2)).astype("float32")
    target[0, 0] = np.nan
    history = model.fit(inputs, target, epochs=2, verbose=0).history["loss"]
    assert np.isfinite(history).all()
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(again(inputs), model(inputs), atol=1e-6)


@pytest.mark.parametrize("normalization", ["last_value", "instance"])
def test_a_window_at_another_level_has_its_forecast_there(normalization):
    options = {**SIZES, "num_features": 2, "normalization": normalization, "autoregression": 3}
    model = build_forecaster(**options)
    for weight in model.trainable_variables:
        weight.assign(RNG.normal(size=weight.shape) * 0.3)
    history = RNG.normal(size=(4, CONTEXT, 2)).astype("float32")
    np.testing.assert_allclose(model(history + 50), model(history) + 50, atol=1e-3)
    if normalization == "instance":
        np.testing.assert_allclose(model(history * 7), model(history) * 7, rtol=1e-2, atol=1e-2)


def test_an_untrained_forecast_is_near_what_it_is_a_difference_from():
    model = build_forecaster(
        num_features=1, context=CONTEXT, horizon=HORIZON, encoder=ENCODER, normalization="last_value",
        autoregression=4,
    )  # fmt: skip
    history = RNG.normal(size=(4, CONTEXT, 1)).astype("float32")
    np.testing.assert_allclose(model(history), np.repeat(history[:, -1:], HORIZON, axis=1), atol=0.3)


def test_arrays_are_a_regression_of_sequences():
    keras.utils.set_random_seed(2)
    samples = RNG.normal(size=(64, 6, 3)).astype("float32")
    wanted = samples.sum(axis=1)[:, :2][:, None]  # (samples, 1, targets)
    model = build_forecaster(num_features=3, horizon=1, num_targets=2, encoder={**ENCODER, "units": 16})
    model.compile(keras.optimizers.Adam(0.02), forecast_loss(model))  # by XLA, as Keras chooses
    model.optimizer.build(model.trainable_variables)
    losses_of = model.fit(samples, wanted, epochs=25, batch_size=16, verbose=0).history["loss"]
    assert losses_of[-1] < 0.1 * losses_of[0]
    assert model.predict(samples, verbose=0).shape == (64, 1, 2)
    assert model(samples[:, :4]).shape == (64, 1, 2)  # of any length


def test_losses_are_those_asked_for():
    small = {"num_features": 1, "horizon": 2, "encoder": ENCODER}
    assert forecast_loss(build_forecaster(**small, loss="huber")).kind == "huber"
    found = forecast_loss(build_forecaster(**small, quantiles=[0.2, 0.5]))
    assert isinstance(found, losses.QuantileLoss) and found.quantiles == (0.2, 0.5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "`horizon` must be positive. Received: horizon=0"),
        ({"strategy": "x"}, "`strategy` must be one of 'direct', 'recursive'. Received: strategy='x'"),
        ({"quantiles": [0.1, 0.9]}, r"`quantiles` must hold 0.5, .* Received: quantiles=\[0.1, 0.9\]"),
        (
            {"autoregression": 9},
            "`autoregression` reads more rows than the history has. Received: autoregression=9, context=8",
        ),
        ({"residual": "seasonal", "season": 12}, "`season` reads more .* Received: season=12, context=8"),
        ({"output_dropout": 1.0}, "`output_dropout` must be >= 0 and < 1. Received: output_dropout=1.0"),
    ],
)
def test_options_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        build_forecaster(**{**SIZES, **options})


def test_a_forecast_is_written_line_by_line():
    dates = ["2020-01-01", "2020-01-02"]
    one = Forecast([1.5, 2.0], series="a", dates=dates, quantiles=[[1.0, 1.5], [2.0, 2.5]])
    assert one == [1.5, 2.0]
    assert str(one) == "a,2020-01-01,1.5,1.0,2.0\na,2020-01-02,2.0,1.5,2.5"
    several = Forecast([[1, 2], [3, 4]], series='b,"c"', dates=dates, quantiles=[])
    assert str(several) == '"b,""c""",2020-01-01,1,2\n"b,""c""",2020-01-02,3,4'
