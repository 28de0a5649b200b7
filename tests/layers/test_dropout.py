import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.dropout import Dropout


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("shape", [(301, 7, 9), (40_001,), (200, 100)])
def test_it_drops_a_share_and_keeps_the_mean(shape, dtype):
    layer = Dropout(0.3, seed=1, dtype=dtype)
    outputs = layer(ops.ones(shape, dtype), training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == dtype
    outputs = ops.convert_to_numpy(ops.cast(outputs, "float32"))
    assert outputs.shape == shape
    kept = outputs != 0
    deviation = np.sqrt(0.3 * 0.7 / outputs.size)
    assert abs(kept.mean() - 0.7) < 4 * deviation
    np.testing.assert_allclose(outputs[kept], 1 / 0.7, rtol=1e-5 if dtype == "float32" else 2**-8)


def test_no_number_depends_on_its_neighbour():
    kept = ops.convert_to_numpy(Dropout(0.5, seed=2)(ops.ones((100_000,)), training=True)) != 0
    for distance in (1, 2, 3):
        assert abs((kept[distance:] == kept[:-distance]).mean() - 0.5) < 0.01


def test_each_call_draws_anew_and_a_seed_repeats_it():
    x = ops.ones((50, 50))
    one, other = Dropout(0.5, seed=3), Dropout(0.5, seed=3)
    first, second = (ops.convert_to_numpy(one(x, training=True)) for _ in range(2))
    assert np.any(first != second)
    np.testing.assert_array_equal(other(x, training=True), first)


@pytest.mark.parametrize(("rate", "training"), [(0.0, True), (0.4, False), (1e-9, True)])
def test_nothing_changes_where_nothing_is_dropped(rate, training):
    x = np.arange(12, dtype="float32").reshape(3, 4)
    np.testing.assert_allclose(Dropout(rate)(x, training=training), x, rtol=1e-6)


@pytest.mark.parametrize("noise_shape", [(20, 1), (None, 1)])
def test_all_and_a_noise_shape_are_as_in_keras(noise_shape):
    x = ops.ones((20, 30))
    assert not np.any(Dropout(1.0)(x, training=True))
    rows = ops.convert_to_numpy(Dropout(0.5, noise_shape=noise_shape, seed=4)(x, training=True))
    np.testing.assert_array_equal(rows, np.tile(rows[:, :1], (1, 30)))
    assert 0 < np.count_nonzero(rows[:, 0]) < 20


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_locked_mask_is_the_same_at_all_steps_and_drops_a_share(dtype):
    layer = Dropout(0.3, noise_shape=(None, 1, None), seed=6, dtype=dtype)
    outputs = layer(ops.ones((200, 3, 150), dtype), training=True)
    outputs = ops.convert_to_numpy(ops.cast(outputs, "float32"))
    for step in (1, 2):
        np.testing.assert_array_equal(outputs[:, step], outputs[:, 0])
    assert abs((outputs[:, 0] != 0).mean() - 0.7) < 4 * np.sqrt(0.3 * 0.7 / outputs[:, 0].size)


def test_it_saves_and_reloads_with_its_model(tmp_path):
    model = keras.Sequential([keras.Input((4,)), Dropout(0.2, seed=5), keras.layers.Dense(3)])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.layers[0]) is Dropout
    x = np.ones((2, 4), "float32")
    np.testing.assert_array_equal(loaded(x, training=True), model(x, training=True))
