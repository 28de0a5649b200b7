import inspect
import itertools

import numpy as np
import pytest

from kerasseq.data.stream_plan import Dealer


def _offsets(labels):
    return np.append(0, np.cumsum(np.array(labels) + 1))


def _windows(dealer, rng=None):
    plan = dealer.plan(rng)
    return [plan.window(step) for step in range(dealer.steps)]


def _labels_of(windows):
    """The place of every label that is read, in the order of reading."""
    return [
        place
        for window in windows
        for first, end in zip(window.firsts, window.ends, strict=True)
        for place in range(first + 1, end)
    ]


@pytest.mark.parametrize("seed", [None, 0, 1])
@pytest.mark.parametrize("window", [1, 4, 30])
@pytest.mark.parametrize(("num_documents", "num_rows"), [(400, 4), (41, 7), (5, 5), (7, 1), (4, 6), (1, 9)])
def test_every_place_is_a_label_once(num_documents, num_rows, window, seed):
    labels = np.random.default_rng(2).integers(1, 60, num_documents)
    offsets = _offsets(labels)
    dealer = Dealer(offsets=offsets, num_rows=num_rows, window=window)
    windows = _windows(dealer, None if seed is None else np.random.default_rng(seed))
    expected = sorted(set(range(offsets[-1])) - set(offsets.tolist()))
    assert sorted(_labels_of(windows)) == expected
    for before, after in itertools.pairwise(windows):
        is_reading = (after.ends > after.firsts) & ~after.resets
        np.testing.assert_array_equal(after.firsts[is_reading], before.ends[is_reading] - 1)
    assert max((window.ends - window.firsts).max() for window in windows) <= window + 1


@pytest.mark.parametrize("window", [8, 50])
def test_whole_documents_begin_each_with_a_reset(window):
    labels = np.random.default_rng(3).integers(1, 100, 200)
    dealer = Dealer(offsets=_offsets(labels), num_rows=8, window=window)
    assert not dealer.is_cut
    windows = _windows(dealer, np.random.default_rng(0))
    begun = np.concatenate([found.firsts[found.resets] for found in windows])
    np.testing.assert_array_equal(np.sort(begun), _offsets(labels)[:-1])


def test_rows_end_at_about_the_same_time():
    labels = np.random.default_rng(4).integers(1, 3000, 100)
    dealer = Dealer(offsets=_offsets(labels), num_rows=8, window=10)
    fair = -(-labels // 10).sum() / 8
    assert fair <= dealer.steps <= 1.03 * fair


def test_an_epoch_takes_as_many_steps_whatever_its_order():
    labels = np.random.default_rng(5).integers(1, 100, 203)
    dealer = Dealer(offsets=_offsets(labels), num_rows=8, window=16)
    for seed in range(3):
        windows = _windows(dealer, np.random.default_rng(seed))
        assert len(_labels_of(windows)) == labels.sum()
        last = windows[-1]
        assert (last.ends > last.firsts).any()


@pytest.mark.parametrize(
    ("labels", "num_rows", "is_cut"),
    [
        ([100], 1, False),
        ([100], 2, True),
        ([9] * 3, 4, True),
        ([9] * 4, 4, False),
        ([9] * 9 + [900], 4, True),
    ],
)
def test_when_documents_are_cut(labels, num_rows, is_cut):
    dealer = Dealer(offsets=_offsets(labels), num_rows=num_rows, window=10)
    assert dealer.is_cut == is_cut
    assert dealer.steps <= 2 * (sum(-(-np.array(labels) // 10)) // num_rows + 1)


def test_a_cut_document_goes_on_in_the_next_row():
    dealer = Dealer(offsets=_offsets([100]), num_rows=4, window=10)
    windows = _windows(dealer)
    assert dealer.steps == 3
    assert windows[0].firsts.tolist() == [0, 25, 50, 75]
    assert windows[0].resets.all()
    assert windows[-1].ends.tolist() == [26, 51, 76, 101]
    assert not any(window.resets.any() for window in windows[1:])


def test_more_rows_than_labels():
    dealer = Dealer(offsets=_offsets([1, 2]), num_rows=9, window=10)
    (window,) = _windows(dealer)
    assert (window.ends - window.firsts).tolist() == [2, 2, 2, 0, 0, 0, 0, 0, 0]
    assert window.resets.tolist() == [True, True, True] + [False] * 6


def test_every_argument_is_documented():
    documented = inspect.getdoc(Dealer)
    for name in inspect.signature(Dealer).parameters:
        assert f"\n    {name}: " in documented
