"""Windows at one level, and forecasts back at theirs."""

import keras
import numpy as np
import pytest

from kerasseq.layers.forecasting.window_normalization import ForecastOutput, WindowNormalization

VALUES = np.random.default_rng(0).normal(5, 3, (4, 7, 2)).astype("float32")
EXPECTED = {
    "none": (np.zeros((4, 1, 2)), np.ones((4, 1, 2))),
    "last_value": (VALUES[:, -1:], np.ones((4, 1, 2))),
    "instance": (VALUES.mean(1, keepdims=True), np.sqrt(VALUES.var(1, keepdims=True) + 1e-5)),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_it_takes_the_level_out_and_gives_it_back(kind):
    layer = WindowNormalization(kind=kind)
    normalized, shift, scale = layer(VALUES)
    expected_shift, expected_scale = EXPECTED[kind]
    np.testing.assert_allclose(shift, expected_shift, rtol=1e-5)
    np.testing.assert_allclose(scale, expected_scale, rtol=1e-4)
    np.testing.assert_allclose(normalized, (VALUES - expected_shift) / expected_scale, atol=1e-5)
    restored = ForecastOutput()(normalized[..., None], shift, scale)
    np.testing.assert_allclose(restored, VALUES, rtol=1e-4)
    assert layer.compute_output_shape((None, 7, 2)) == ((None, 7, 2), (None, 1, 2), (None, 1, 2))


def test_a_constant_window_is_no_trouble():
    normalized, _, _ = WindowNormalization(kind="instance")(np.full((1, 5, 1), 3.0, "float32"))
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(normalized), np.zeros((1, 5, 1)))


def test_quantiles_keep_their_axis():
    forecast = np.ones((4, 3, 2, 5), "float32")
    layer = ForecastOutput(quantiles=(0.1, 0.3, 0.5, 0.7, 0.9))
    found = layer(forecast, VALUES[:, -1:], 2 * np.ones((4, 1, 2), "float32"))
    expected = np.broadcast_to(2 + VALUES[:, -1:, :, None], (4, 3, 2, 5))
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert layer.compute_output_shape((None, 3, 2, 5)) == (None, 3, 2, 5)
    assert ForecastOutput().compute_output_shape((None, 3, 2, 1)) == (None, 3, 2)


def test_options_come_back_and_are_checked():
    assert (
        WindowNormalization.from_config(WindowNormalization(kind="instance").get_config()).kind == "instance"
    )
    again = ForecastOutput.from_config(ForecastOutput(loss="mae", quantiles=[0.5]).get_config())
    assert (again.loss, again.quantiles) == ("mae", (0.5,))
    with pytest.raises(ValueError, match="`kind` must be one of 'none', 'last_value', 'instance'"):
        WindowNormalization(kind="x")
    with pytest.raises(ValueError, match="`loss` must be one of 'mse', 'mae', 'huber'. Received: loss='x'"):
        ForecastOutput(loss="x")
