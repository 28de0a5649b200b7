"""Forecasts at once and step by step, against their equations."""

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.forecasting.direct_forecast import DirectForecast
from kerasseq.layers.forecasting.recursive_forecast import RecursiveForecast

HORIZON = 5
ENCODER = {"type": "recurrent", "cell": "gru", "units": 4}
RNG = np.random.default_rng(0)
TARGETS = RNG.normal(size=(3, 7, 2)).astype("float32")
MORE = RNG.normal(size=(3, 7, 1)).astype("float32")
KNOWN = RNG.normal(size=(3, 7 + HORIZON, 3)).astype("float32")
STATIC = RNG.normal(size=(3, 2)).astype("float32")


def _random(layer):
    for weight in layer.trainable_variables:
        weight.assign(RNG.normal(size=weight.shape) * 0.5)
    return layer


def _numpy(value):
    return ops.convert_to_numpy(value)


def _direct(*args, **options):
    layer = DirectForecast(horizon=HORIZON, num_targets=2, encoder=ENCODER, **options)
    layer(*args)
    return _random(layer)


def test_a_direct_forecast_is_its_equation():
    inputs = np.concatenate([TARGETS, MORE], axis=-1)
    layer = _direct(inputs, TARGETS, num_outputs=3)
    summary = _numpy(layer.summary(inputs))
    kernel, bias = map(_numpy, layer.outputs.weights)
    expected = (summary @ kernel + bias).reshape(3, HORIZON, 2, 3)
    np.testing.assert_allclose(_numpy(layer(inputs, TARGETS)), expected, atol=1e-5)


def test_known_and_static_covariates_stand_at_each_step():
    ahead = KNOWN[:, -HORIZON:]
    layer = _direct(TARGETS, TARGETS, ahead, STATIC, known_units=6)
    summary = np.concatenate([_numpy(layer.summary(TARGETS)), STATIC], axis=-1)
    (steps, bias), (known,), (heads, last_bias) = (
        list(map(_numpy, part.weights)) for part in (layer.steps, layer.known, layer.outputs)
    )
    hidden = (summary @ steps + bias).reshape(3, HORIZON, 6) + ahead @ known
    expected = np.maximum(hidden, 0) @ heads + last_bias
    np.testing.assert_allclose(_numpy(layer(TARGETS, TARGETS, ahead, STATIC))[..., 0], expected, atol=1e-5)


def test_the_linear_part_reads_the_last_values_of_each_target():
    layer = _direct(TARGETS, TARGETS, autoregression=3, num_outputs=2)
    plain = _numpy(layer.outputs(layer.summary(TARGETS))).reshape(3, HORIZON, 2, 2)
    kernel, bias = map(_numpy, layer.linear.weights)
    linear = np.einsum("btk,to->bko", TARGETS[:, -3:], kernel) + bias  # (batch, targets, horizon * outputs)
    expected = plain + linear.reshape(3, 2, HORIZON, 2).transpose(0, 2, 1, 3)
    np.testing.assert_allclose(_numpy(layer(TARGETS, TARGETS)), expected, atol=1e-5)


def test_it_begins_at_what_it_is_a_difference_from():
    for residual, season, rows in (("last_value", 1, [-1] * HORIZON), ("seasonal", 3, [-3, -2, -1, -3, -2])):
        layer = DirectForecast(
            horizon=HORIZON,
            num_targets=2,
            encoder=ENCODER,
            residual=residual,
            season=season,
            autoregression=2,
        )
        layer(TARGETS, TARGETS)
        for weight in layer.outputs.weights:
            weight.assign(np.zeros(weight.shape))
        np.testing.assert_allclose(_numpy(layer(TARGETS, TARGETS))[..., 0], TARGETS[:, rows], atol=1e-6)


def _recursive(*args, **options):
    layer = RecursiveForecast(horizon=HORIZON, num_targets=2, encoder=ENCODER, **options)
    layer(*args)
    return _random(layer)


@pytest.mark.parametrize("adds_last", [False, True])
@pytest.mark.parametrize("has_more", [False, True])
def test_a_recursive_forecast_reads_its_own(adds_last, has_more):
    known, static = (KNOWN[:, 1:], STATIC) if has_more else (None, None)
    layer = _recursive(TARGETS, known, static, num_outputs=3, middle=1, adds_last=adds_last)
    found = _numpy(layer(TARGETS, known, static))
    kernel, bias = map(_numpy, layer.outputs.weights)
    values = TARGETS
    for step in range(HORIZON):  # from the beginning each time, on all that was read and forecast
        parts = [values]
        if has_more:
            length = values.shape[1]
            parts += [known[:, :length], np.repeat(static[:, None], length, axis=1)]
        outputs, _ = layer.encoder(np.concatenate(parts, axis=-1))
        expected = (_numpy(outputs)[:, -1] @ kernel + bias).reshape(3, 2, 3)
        expected = expected + adds_last * values[:, -1, :, None]
        np.testing.assert_allclose(found[:, step], expected, atol=1e-4)
        values = np.concatenate([values, expected[:, None, :, 1].astype("float32")], axis=1)


def test_one_step_needs_no_loop():
    layer = RecursiveForecast(horizon=1, encoder=ENCODER)
    assert layer(TARGETS[..., :1]).shape == (3, 1, 1, 1)


@pytest.mark.parametrize("layer", [DirectForecast, RecursiveForecast])
def test_a_batch_is_its_rows_and_gradients_reach_every_weight(layer):
    made = layer(horizon=HORIZON, num_targets=2, encoder=ENCODER)
    given = (TARGETS, TARGETS) if layer is DirectForecast else (TARGETS,)
    made(*given)
    _random(made)
    rows = [_numpy(made(*(part[row : row + 1] for part in given)))[0] for row in range(3)]
    np.testing.assert_allclose(_numpy(made(*given)), rows, atol=1e-5)
    inputs = [keras.Input(part.shape[1:]) for part in given]
    model = keras.Model(inputs, made(*inputs))
    model.compile("sgd", "mse", run_eagerly=keras.backend.backend() != "jax")
    before = [_numpy(weight) for weight in made.trainable_variables]
    model.fit(list(given), RNG.normal(size=(3, HORIZON, 2, 1)), verbose=0)
    assert all((_numpy(w) != b).any() for w, b in zip(made.trainable_variables, before, strict=True))


@pytest.mark.parametrize("layer", [DirectForecast, RecursiveForecast])
def test_options_come_back_and_are_checked(layer):
    made = layer(horizon=2, num_targets=3, num_outputs=1, encoder=ENCODER, output_dropout=0.5)
    assert layer.from_config(made.get_config()).options == made.options
    with pytest.raises(ValueError, match="`horizon` must be positive. Received: horizon=0"):
        layer(horizon=0)


def test_a_recursive_forecast_goes_one_way():
    with pytest.raises(ValueError, match="needs a `recurrent` `encoder` of one direction"):
        RecursiveForecast(horizon=2, encoder={**ENCODER, "bidirectional": True})
