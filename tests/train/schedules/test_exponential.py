import keras
import numpy as np
import pytest

from kerasseq.train.schedules.exponential import Exponential


def _schedule(**options):
    return Exponential(hold_share=0.25, final_share=0.01, learning_rate=20.0, total_steps=8, **options)


def test_the_rate_is_kept_then_falls_by_the_same_share():
    rates = [float(_schedule()(step)) for step in range(9)]
    np.testing.assert_allclose(rates[:3], 20.0, rtol=1e-6)
    np.testing.assert_allclose(np.array(rates[3:]) / rates[2:-1], 0.01 ** (1 / 6), rtol=1e-5)
    assert rates[-1] == pytest.approx(0.2)


def test_it_comes_back_from_its_config():
    copy = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(_schedule()))
    assert copy.get_config() == _schedule().get_config()


def test_shares_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`hold_share` must be >= 0 and < 1. Received: hold_share=1"):
        Exponential(hold_share=1.0)
    with pytest.raises(ValueError, match="`final_share` must be positive. Received: final_share=0"):
        Exponential(final_share=0.0)
