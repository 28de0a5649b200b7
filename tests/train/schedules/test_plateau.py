import keras
import pytest

from kerasseq.train.schedules.plateau import Plateau


def _rates(values, monitor="validation_loss", **options):
    schedule, found = Plateau(learning_rate=8.0, monitor=monitor, **options), []
    for value in values:
        schedule.observe({} if value is None else {monitor: value})
        found.append(float(schedule(0)))
    return found


def test_the_rate_falls_when_the_patience_is_spent():
    assert _rates([3, 2, 2, 1, 1, 1, 1, 1], patience=2) == [8, 8, 8, 8, 8, 4, 4, 2]


def test_what_is_better_high_is_watched_as_such():
    assert _rates([0.1, 0.2, 0.1, 0.3], "validation_bleu") == [8, 8, 4, 4]


def test_it_never_falls_below_the_final_share():
    assert _rates([1] * 5, factor=0.1, final_share=0.25) == [8, 2, 2, 2, 2]


def test_an_epoch_that_was_not_measured_does_not_count():
    assert _rates([1, None, None, 1]) == [8, 8, 8, 4]


def test_its_state_is_in_its_variables():
    one, other = Plateau(learning_rate=8.0, patience=2), Plateau(learning_rate=8.0, patience=2)
    for value in (1.0, 1.0):
        one.observe({"validation_loss": value})
    for ours, theirs in zip(other.variables, one.variables, strict=True):
        ours.assign(theirs)
    other.observe({"validation_loss": 1.0})
    assert float(other(0)) == 4.0


def test_it_comes_back_from_its_config():
    schedule = Plateau(factor=0.3, learning_rate=2.0)
    copy = keras.optimizers.schedules.deserialize(keras.optimizers.schedules.serialize(schedule))
    assert copy.get_config() == schedule.get_config()


def test_options_out_of_range_are_refused():
    with pytest.raises(ValueError, match="`factor` must be >= 0 and < 1. Received: factor=1.0"):
        Plateau(factor=1.0)
    with pytest.raises(ValueError, match="`patience` must be positive. Received: patience=0"):
        Plateau(patience=0)
