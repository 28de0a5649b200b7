"""Where splits begin."""

import numpy as np
import pytest

from kerasseq.data.series.borders import Borders
from kerasseq.data.series.dates import written
from kerasseq.errors import DataError

DATES = np.arange("2016-01-01", "2016-04-10", dtype="datetime64[D]").astype("datetime64[s]").astype(np.int64)


def _spans(**options):
    found = Borders(**options).spans(DATES)
    return {split: tuple(np.searchsorted(DATES, span).tolist()) for split, span in found.items()}


def test_shares_of_all_dates():
    assert len(DATES) == 100
    assert _spans() == {"train": (0, 70), "validation": (70, 80), "test": (80, 100)}
    assert _spans(validation=0.5, test=0.25)["train"] == (0, 25)


def test_numbers_of_rows():
    expected = {"train": (0, 40), "validation": (40, 60), "test": (60, 70)}
    assert _spans(train=40, validation=20, test=10) == expected
    assert _spans(validation=20, test=10) == {"train": (0, 70), "validation": (70, 90), "test": (90, 100)}


def test_dates():
    found = _spans(validation="2016-02-01", test="2016-03-01", end="2016-04-01")
    assert found == {"train": (0, 31), "validation": (31, 60), "test": (60, 91)}
    assert _spans(validation="1.2.2016", test=0.1) == {
        "train": (0, 31),
        "validation": (31, 90),
        "test": (90, 100),
    }


def test_there_need_not_be_a_test_split():
    assert _spans(validation=0.2, test=None) == {"train": (0, 80), "validation": (80, 100)}


@pytest.mark.parametrize(
    ("options", "split"),
    [
        ({"validation": "2016-03-01", "test": "2016-02-01"}, "validation"),
        ({"validation": 90, "test": 20}, "train"),
        ({"validation": 0.1, "test": "2017-01-01"}, "test"),
    ],
)
def test_a_split_without_rows_is_refused(options, split):
    with pytest.raises(DataError) as raised:
        Borders(**options).spans(DATES)
    first, last = written(DATES[[0, -1]])
    assert str(raised.value) == (
        f"`data.split` leaves no row for the {split} split: there are 100 dates, from {first} to {last}\n"
        "  fix: give smaller shares, fewer rows or other dates"
    )


@pytest.mark.parametrize("part", [0, -3, 2.5])
def test_sizes_are_checked(part):
    message = f"`test` must be a share below 1, a number of rows or a date. Received: test={part!r}"
    with pytest.raises(ValueError, match=message):
        Borders(test=part)


def test_a_date_that_is_none_is_named():
    with pytest.raises(DataError, match="`data.split.test`: the date 'soon' is in no format"):
        Borders(test="soon").spans(DATES)


def test_more_training_rows_than_there_are_is_refused():
    with pytest.raises(DataError) as raised:
        Borders(train=90, validation=10, test=10).spans(DATES)
    assert str(raised.value) == (
        "`data.split` asks for 90 training rows, and validation begins behind 80\n"
        "  fix: give fewer rows to a split"
    )
