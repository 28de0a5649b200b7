"""Missing values within a window, against NumPy's interpolation."""

import keras
import numpy as np
import pytest

from kerasseq.layers.forecasting.fill_missing import FillMissing

NAN = np.nan


def _windows(seed=0):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(8, 9, 2)).astype("float32")
    values[rng.random(values.shape) < 0.5] = NAN
    values[0, :, 0] = NAN
    return values


def test_it_draws_lines_between_known_values():
    values = _windows()
    found = keras.ops.convert_to_numpy(FillMissing(method="interpolate")(values))
    for window, feature in np.ndindex(8, 2):
        column = values[window, :, feature]
        known = np.flatnonzero(np.isfinite(column))
        expected = np.interp(np.arange(9), known, column[known]) if len(known) else np.zeros(9)
        np.testing.assert_allclose(found[window, :, feature], expected, atol=1e-6)


def test_it_carries_values_on_and_says_what_is_known():
    values = np.array([[[NAN], [1], [NAN], [NAN], [4], [NAN]]], "float32")
    found = keras.ops.convert_to_numpy(FillMissing(method="mask")(values))
    np.testing.assert_array_equal(found[0], [[1, 0], [1, 1], [1, 0], [1, 0], [4, 1], [4, 0]])
    assert FillMissing(method="mask").compute_output_shape((None, 6, 3)) == (None, 6, 6)


@pytest.mark.parametrize("method", ["interpolate", "mask"])
def test_what_is_known_stays_as_it_is_and_a_batch_is_its_rows(method):
    values, layer = _windows(1), FillMissing(method=method)
    found = keras.ops.convert_to_numpy(layer(values))
    is_known = np.isfinite(values)
    np.testing.assert_array_equal(found[..., :2][is_known], values[is_known])
    assert np.isfinite(found).all()
    one_by_one = [keras.ops.convert_to_numpy(layer(values[row : row + 1]))[0] for row in range(len(values))]
    np.testing.assert_array_equal(found, one_by_one)


def test_carrying_on_reads_nothing_from_later():
    values = _windows(2)
    values[:, 0] = 0.0
    cut = FillMissing(method="mask")(values[:, :5])
    whole = FillMissing(method="mask")(values)[:, :5]
    np.testing.assert_array_equal(keras.ops.convert_to_numpy(cut), keras.ops.convert_to_numpy(whole))


def test_options_come_back_and_are_checked():
    assert FillMissing.from_config(FillMissing(method="mask").get_config()).method == "mask"
    with pytest.raises(ValueError, match="`method` must be one of 'interpolate', 'mask'."):
        FillMissing(method="x")
