import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from kerasseq.layers.front_ends.log_mel import LogMel, mel_filters

RATE, FRAME, STEP = 8000, 200, 80
LENGTHS = np.array([1000, 801, 79], "int32")


def recordings(width=1040):
    samples = np.random.default_rng(0).integers(-20000, 20000, (len(LENGTHS), width)).astype("int16")
    samples[np.arange(width) >= LENGTHS[:, None]] = 0
    return {"samples": samples, "lengths": LENGTHS}


def by_hand(samples, bands, *, fft_size=256):
    """x(t, b) of a recording without padding, not normalized."""
    window = np.hanning(FRAME + 1)[:-1]
    filters = mel_filters(bands=bands, low_hz=20.0, high_hz=None, sample_rate=RATE, fft_size=fft_size)
    rows = []
    for start in range(0, len(samples), STEP):
        frame = np.zeros(FRAME)
        piece = samples[start : start + FRAME] / 32768
        frame[: len(piece)] = piece
        energies = np.abs(np.fft.rfft(frame * window, fft_size)) ** 2
        rows.append(np.log(1e-6 + energies @ filters))
    return np.array(rows)


@pytest.mark.parametrize("normalize", [False, True])
def test_bands_are_those_of_the_equations(normalize):
    given = recordings()
    found = ops.convert_to_numpy(LogMel(sample_rate=RATE, bands=12, normalize=normalize)(given))
    for row, length in enumerate(LENGTHS):
        expected = by_hand(given["samples"][row, :length], 12)
        if normalize:
            expected = (expected - expected.mean(axis=0)) / np.sqrt(expected.var(axis=0) + 1e-5)
        np.testing.assert_allclose(found[row, : len(expected)], expected, atol=2e-3)
        assert not found[row, len(expected) :].any()


def test_filters_are_tensorflows():
    ours = mel_filters(bands=40, low_hz=20.0, high_hz=3800.0, sample_rate=RATE, fft_size=256)
    theirs = tf.signal.linear_to_mel_weight_matrix(40, 129, RATE, 20.0, 3800.0)
    np.testing.assert_allclose(ours[1:], theirs[1:], atol=1e-4)  # theirs leaves the lowest frequency out


@pytest.mark.parametrize("deltas", [0, 2])
def test_padding_leaves_no_trace(deltas):
    layer = LogMel(sample_rate=RATE, deltas=deltas)
    together, mask = layer(recordings()), ops.convert_to_numpy(layer.compute_mask(recordings()))
    assert together.shape == (3, 13, 40 * (1 + deltas)) and mask.shape == (3, 13)
    assert mask.sum(axis=1).tolist() == [13, 11, 1] and mask[1, :11].all()
    for row, length in enumerate(LENGTHS):
        one = {"samples": recordings()["samples"][row : row + 1, :length], "lengths": LENGTHS[row : row + 1]}
        frames = mask[row].sum()
        np.testing.assert_allclose(layer(one)[0, :frames], together[row, :frames], atol=1e-4)
        assert ops.convert_to_numpy(layer.compute_mask(one)).sum() == frames


def test_integers_are_floats_times_32768():
    given = recordings()
    floats = {**given, "samples": given["samples"].astype("float32") / 32768}
    layer = LogMel(sample_rate=RATE)
    np.testing.assert_allclose(layer(floats), layer(given), atol=1e-5)


def test_loudness_does_not_count_when_normalized():
    given = recordings()
    louder = {**given, "samples": given["samples"] // 4 * 2}
    quieter = {**given, "samples": given["samples"] // 4}
    layer = LogMel(sample_rate=RATE)
    np.testing.assert_allclose(layer(louder)[:2], layer(quieter)[:2], atol=0.1)


def test_deltas_are_regressions_over_five_frames():
    bands = by_hand(recordings()["samples"][0, :1000], 12)
    found = LogMel(sample_rate=RATE, bands=12, deltas=2, normalize=False)(recordings())
    expected = bands
    for order in (1, 2):
        shifted = [np.pad(expected, ((2, 2), (0, 0)), mode="edge")[2 + by : 15 + by] for by in (-2, -1, 1, 2)]
        expected = (shifted[2] - shifted[1] + 2 * (shifted[3] - shifted[0])) / 10
        np.testing.assert_allclose(found[0, :13, 12 * order : 12 * (order + 1)], expected, atol=2e-3)


def test_the_mask_reaches_the_next_layer():
    inputs = {
        name: keras.Input(raw.shape[1:], dtype=raw.dtype, name=name) for name, raw in LogMel.spec.items()
    }
    outputs = keras.layers.GlobalAveragePooling1D()(LogMel(sample_rate=RATE, bands=12)(inputs))
    model = keras.Model(inputs, outputs)
    np.testing.assert_allclose(model(recordings()), 0, atol=1e-3)  # the mean over real frames alone


def test_it_comes_back_from_its_config_and_takes_silence():
    layer = LogMel(sample_rate=RATE, frame_ms=20.0, step_ms=15.0, bands=9, high_hz=3000.0, deltas=1)
    copy = LogMel.from_config(layer.get_config())
    np.testing.assert_array_equal(copy(recordings()), layer(recordings()))
    nothing = {"samples": np.zeros((1, 1), "int16"), "lengths": np.zeros(1, "int32")}
    assert layer(nothing).shape == (1, 1, 18) and not np.any(layer(nothing))


def test_holes_are_made_in_training_alone():
    plain = LogMel(sample_rate=RATE, bands=12)
    holed = LogMel.from_config({**plain.get_config(), "spec_augment": {"time_mask_share": 0.5, "seed": 1}})
    np.testing.assert_array_equal(holed(recordings()), plain(recordings()))
    found = np.asarray(holed(recordings(), training=True))
    assert ((found == 0) | (found == np.asarray(plain(recordings())))).all()
    assert (found[0] == 0).sum() > 12


def test_half_precision_hears_the_same():
    layer = LogMel(sample_rate=RATE, dtype="mixed_bfloat16")
    found = layer(recordings())
    assert keras.backend.standardize_dtype(found.dtype) == "bfloat16"
    expected = LogMel(sample_rate=RATE)(recordings())
    np.testing.assert_allclose(ops.cast(found, "float32"), expected, atol=0.02)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"sample_rate": 0}, "`sample_rate` must be positive. Received: sample_rate=0"),
        ({"bands": 0}, "`bands` must be positive. Received: bands=0"),
        ({"deltas": 3}, "`deltas` must be one of 0, 1, 2. Received: deltas=3"),
        ({"high_hz": 5000.0}, "at most 4000, half the rate. Received: low_hz=20, high_hz=5000"),
        ({"low_hz": 300.0, "high_hz": 200.0}, "`high_hz` must be above `low_hz`"),
        ({"bands": 100}, "`bands` must be fewer, or `frame_ms` longer: a band holds no frequency"),
    ],
)
def test_what_cannot_be_is_refused(options, message):
    with pytest.raises(ValueError) as caught:
        LogMel(**{"sample_rate": RATE, **options})
    assert message in str(caught.value)
