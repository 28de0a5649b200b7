import keras
import numpy as np
import pytest

from kerasseq.train.schedules.step import Step


def _rates(number, **options):
    schedule = Step(learning_rate=8.0, steps_per_epoch=4, **options)
    return [float(schedule(step)) for step in range(number)]


def test_the_rate_is_halved_every_epoch():
    assert _rates(12) == [8.0] * 4 + [4.0] * 4 + [2.0] * 4


def test_it_is_held_and_then_falls_at_once():
    """Luong's: halved at the end of the second epoch, and every half epoch after it."""
    assert _rates(12, hold=2.0, every=0.5) == [8.0] * 8 + [4.0, 4.0, 2.0, 2.0]


def test_time_is_counted_in_steps_as_well():
    assert _rates(7, by="step", every=3, factor=0.1) == pytest.approx([8, 8, 8, 0.8, 0.8, 0.8, 0.08])


def test_it_comes_back_from_its_config():
    schedule = Step(hold=2.0, by="step")
    copy = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert copy.get_config() == schedule.get_config()
    assert np.isclose(float(copy(5)), float(schedule(5)))


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`by` must be one of 'epoch', 'step'. Received: by='batch'"):
        Step(by="batch")
    with pytest.raises(ValueError, match="`factor` must be positive. Received: factor=0"):
        Step(factor=0)
