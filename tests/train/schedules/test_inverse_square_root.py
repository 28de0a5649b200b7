import keras
import numpy as np
import pytest

from kerasseq.train.schedules.inverse_square_root import InverseSquareRoot


def test_it_is_noams_formula():
    size, warmup = 512, 40
    noam = [size**-0.5 * min(t**-0.5, t * warmup**-1.5) for t in range(1, 200)]
    schedule = InverseSquareRoot(warmup_steps=warmup, learning_rate=(size * warmup) ** -0.5)
    np.testing.assert_allclose([float(schedule(step)) for step in range(199)], noam, rtol=1e-5)


def test_it_comes_back_from_its_config():
    schedule = InverseSquareRoot(warmup_steps=7, learning_rate=0.5)
    copy = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert copy.get_config() == {"warmup_steps": 7, "learning_rate": 0.5}


def test_a_rise_of_no_steps_is_refused():
    with pytest.raises(ValueError, match="`warmup_steps` must be positive. Received: warmup_steps=0"):
        InverseSquareRoot(warmup_steps=0)
