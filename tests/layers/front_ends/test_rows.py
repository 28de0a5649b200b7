import numpy as np
import pytest

from kerasseq.layers.front_ends.rows import Rows

PIXELS = np.random.default_rng(0).integers(0, 256, (2, 5, 3, 2), np.uint8)


def test_rows_are_steps():
    layer = Rows(shape=(5, 3, 2))
    found = layer(PIXELS)
    np.testing.assert_allclose(found, PIXELS.reshape(2, 5, 6) / 255, rtol=1e-6)
    assert (layer.time, layer.width) == (5, 6) and layer.spec.shape == (None, 5, 3, 2)


def test_columns_are_steps():
    found = Rows(shape=(5, 3, 2), order="columns")(PIXELS)
    np.testing.assert_allclose(found, PIXELS.transpose(0, 2, 1, 3).reshape(2, 3, 10) / 255, rtol=1e-6)


def test_several_rows_make_a_step_and_black_fills_the_last():
    found = np.asarray(Rows(shape=(5, 3, 2), rows_per_step=2)(PIXELS))
    assert found.shape == (2, 3, 12) and not found[:, 2, 6:].any()
    np.testing.assert_allclose(found.reshape(2, 6, 6)[:, :5], PIXELS.reshape(2, 5, 6) / 255, rtol=1e-6)


def test_all_rows_make_one_step():
    assert Rows(shape=(5, 3, 2), rows_per_step=5)(PIXELS).shape == (2, 1, 30)


def test_it_comes_back_from_its_config():
    layer = Rows(shape=(5, 3, 2), order="columns", rows_per_step=2)
    np.testing.assert_array_equal(Rows.from_config(layer.get_config())(PIXELS), layer(PIXELS))


def test_what_cannot_be_is_refused():
    with pytest.raises(ValueError, match="`rows_per_step` must be positive. Received: rows_per_step=0"):
        Rows(shape=(5, 3, 2), rows_per_step=0)
    with pytest.raises(ValueError, match="`order` must be one of 'rows', 'columns'"):
        Rows(shape=(5, 3, 2), order="up")
