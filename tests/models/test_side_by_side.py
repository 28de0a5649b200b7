import threading
import time

import keras
import pytest

from kerasseq.models.side_by_side import side_by_side
from kerasseq.threads import FEW_BATCHES, WITHIN_AN_OPERATION, batches_at_once, one_thread_an_operation

only_with_threads = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="one after the other")


def test_results_come_in_the_order_of_the_items():
    def slowly(item):
        time.sleep(0.01 * (item % 3))
        return item * item

    assert list(side_by_side(slowly, range(8))) == [item * item for item in range(8)]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_items_are_enough(count):
    assert list(side_by_side(str, range(count))) == [str(item) for item in range(count)]


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    monkeypatch.delenv(WITHIN_AN_OPERATION, raising=False)


@only_with_threads
def test_the_first_is_not_alone_where_it_needs_not_be():
    meeting = threading.Barrier(2, timeout=5)
    assert len(list(side_by_side(lambda _: meeting.wait(), range(4), is_traced=True))) == 4


def test_there_is_a_batch_more_than_cores_where_operations_have_one_thread(monkeypatch):
    assert batches_at_once() == FEW_BATCHES
    monkeypatch.setenv(WITHIN_AN_OPERATION, "4")
    one_thread_an_operation()
    assert batches_at_once() == FEW_BATCHES  # what the environment says stays
    monkeypatch.delenv(WITHIN_AN_OPERATION)
    one_thread_an_operation()
    for cores, batches in ((1, 2), (3, 4), (64, 8)):
        monkeypatch.setattr("os.sched_getaffinity", lambda _, cores=cores: set(range(cores)), raising=False)
        assert batches_at_once() == batches


@only_with_threads
def test_two_items_are_seen_to_at_once_after_the_first():
    meeting = threading.Barrier(2, timeout=5)
    here = threading.current_thread()

    def meet(item):
        if item == 0:
            return threading.current_thread() is here
        meeting.wait()
        return True

    assert all(side_by_side(meet, range(5)))


def test_items_are_not_read_far_ahead():
    num_read = 0

    def items():
        nonlocal num_read
        for item in range(50):
            num_read += 1
            yield item

    for place, _ in enumerate(side_by_side(abs, items())):
        assert num_read <= place + 2 + FEW_BATCHES


def test_what_goes_wrong_is_raised_where_the_results_are_read():
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda item: 1 / item, [1, 2, 0, 3]))
