import threading
import time

import keras
import pytest

from kerasseq.models.side_by_side import NUM_WORKERS, side_by_side

only_with_threads = pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="one after the other")


def test_results_come_in_the_order_of_the_items():
    def slowly(item):
        time.sleep(0.01 * (item % 3))
        return item * item

    assert list(side_by_side(slowly, range(8))) == [item * item for item in range(8)]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_few_items_are_enough(count):
    assert list(side_by_side(str, range(count))) == [str(item) for item in range(count)]


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
        assert num_read <= place + 2 + NUM_WORKERS


def test_what_goes_wrong_is_raised_where_the_results_are_read():
    with pytest.raises(ZeroDivisionError):
        list(side_by_side(lambda item: 1 / item, [1, 2, 0, 3]))
