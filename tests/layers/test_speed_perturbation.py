import keras
import numpy as np
import pytest

from kerasseq.layers.speed_perturbation import SpeedPerturbation

LENGTHS = np.array([400, 250], np.int32)
RATE = 1000


def recordings(hz=20.0):
    time = np.arange(400) / RATE
    samples = np.stack([np.sin(2 * np.pi * hz * time)] * 2) * 16000
    return {
        "samples": np.where(np.arange(400) < LENGTHS[:, None], samples, 0).astype("int16"),
        "lengths": LENGTHS,
    }


def test_each_recording_is_played_at_its_own_speed():
    found = SpeedPerturbation(range=0.2, seed=1)(recordings(), training=True)
    samples, lengths = np.asarray(found["samples"]), np.asarray(found["lengths"])
    speeds = LENGTHS / lengths
    assert ((speeds > 0.79) & (speeds < 1.21)).all()
    assert abs(speeds[0] - speeds[1]) > 0.01
    assert samples.shape == (2, 500)
    for row, length in enumerate(lengths):
        assert not samples[row, length:].any()
        spectrum = np.abs(np.fft.rfft(samples[row, :length] * np.hanning(length), 4096))
        hz = spectrum.argmax() * RATE / 4096
        assert hz == pytest.approx(20 * speeds[row], rel=0.05)
        assert np.abs(samples[row]).max() == pytest.approx(16000 / 32768, rel=0.02)


def test_integers_and_floats_are_alike():
    given = recordings()
    floats = {**given, "samples": given["samples"].astype("float32") / 32768}
    ours, theirs = (SpeedPerturbation(seed=2)(inputs, training=True)["samples"] for inputs in (given, floats))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


@pytest.mark.parametrize(("range_", "training"), [(0.1, False), (0.0, True)])
def test_nothing_changes_otherwise(range_, training):
    given = recordings()
    found = SpeedPerturbation(range=range_)(given, training=training)
    for name, value in given.items():
        np.testing.assert_array_equal(found[name], value)


def test_it_comes_back_from_its_config():
    copy = keras.layers.deserialize(keras.layers.serialize(SpeedPerturbation(range=0.3, seed=5)))
    assert (copy.range, copy.seed) == (0.3, 5)


def test_a_range_out_of_its_range_is_refused():
    with pytest.raises(ValueError, match="`range` must be >= 0 and < 1. Received: range=1"):
        SpeedPerturbation(range=1.0)
