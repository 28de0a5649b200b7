"""The seconds of an epoch, over several sessions."""

import pytest

from kerasseq.train.callbacks.limits import Limits
from kerasseq.train.callbacks.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    """The time, in a list of one number."""
    now = [100.0]
    monkeypatch.setattr("kerasseq.train.callbacks.progress.time.perf_counter", lambda: now[0])
    return now


class Model:
    """Has an optimizer with a rate."""

    class optimizer:
        learning_rate = 0.5


def _progress():
    progress = Progress(None, steps=4, tokens=40, limits=Limits())
    progress.set_model(Model)
    return progress


def _epoch(progress, clock, seconds):
    progress.on_epoch_begin(0)
    clock[0] += seconds
    logs = {}
    progress.on_epoch_end(0, logs)
    return logs


def test_an_epoch_goes_on_counting_where_its_first_session_ended(clock):
    first, second = _progress(), _progress()
    first.on_epoch_begin(0)
    clock[0] += 3.0
    state = first.state()
    clock[0] += 1000.0
    second.restore(state)
    assert _epoch(second, clock, 2.0) == {"seconds": 5.0, "learning_rate": 0.5, "tokens_per_second": 8.0}


def test_what_is_kept_at_the_end_of_an_epoch_is_of_the_next(clock):
    first, second = _progress(), _progress()
    assert first.state() == {"seconds": 0.0}
    _epoch(first, clock, 3.0)
    second.restore(first.state())
    assert _epoch(second, clock, 2.0)["seconds"] == 2.0


def test_an_epoch_that_a_limit_cut_counts_what_it_trained(clock):
    progress = _progress()
    progress.limits.cut_at = 1
    assert _epoch(progress, clock, 2.0)["tokens_per_second"] == 5.0
