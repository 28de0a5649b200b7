"""Rows as series with one row a step."""

import numpy as np
import pytest

from kerasseq.data.series.dates import parse_dates
from kerasseq.data.series.grid import on_grid
from kerasseq.data.series.steps import Step
from kerasseq.data.sources.series import SeriesRows
from kerasseq.errors import DataError

FILLED = "  fix: set `data.missing` to interpolate or mask"


def _rows(dates, values, groups=None, texts=None):
    return SeriesRows(
        places=[f"a.csv:{number}" for number in range(2, len(dates) + 2)],
        seconds=parse_dates([dates]).seconds,
        groups=groups or [""] * len(dates),
        numbers=np.array(values, np.float64).reshape(len(dates), -1),
        texts=texts or [()] * len(dates),
        skipped=0,
    )


def _grid(*args, missing="error", columns=("a",), num_targets=1, static=(), keeps_tail=False, **rows):
    return on_grid(
        _rows(*args, **rows), columns=columns, num_targets=num_targets, missing=missing, static=static,
        keeps_tail=keeps_tail,
    )  # fmt: skip


def test_rows_are_sorted_and_series_told_apart():
    dates = ["2016-07-02", "2016-07-01", "2016-07-01", "2016-07-02"]
    x, y = _grid(
        dates, [2, 1, 3, 4], groups=["y", "y", "x", "x"], texts=[("1",), ("1",), ("2",), ("2",)], static=["s"]
    )
    assert (x.name, y.name) == ("x", "y") and x.step == Step(seconds=86400)
    assert x.values.tolist() == [[3], [4]] and y.values.tolist() == [[1], [2]]
    assert x.texts == ("2",) and y.texts == ("1",)


def test_missing_rows_are_put_in():
    (made,) = _grid(["2016-07-01", "2016-07-02", "2016-07-05"], [1, 2, 5], missing="mask")
    np.testing.assert_array_equal(made.values[:, 0], [1, 2, np.nan, np.nan, 5])
    assert made.num_added == 2
    assert [made.row(made.date(row)) for row in range(5)] == list(range(5))
    assert made.row(0) == 0 and made.row(2**33) == 5


def test_rows_behind_the_last_target_are_left_out_unless_asked_for():
    dates, values = ["2016-07-01", "2016-07-02", "2016-07-03"], [[1, 1], [2, 2], [np.nan, 3]]
    (made,) = _grid(dates, values, columns=("a", "b"))
    assert made.values.tolist() == [[1, 1], [2, 2]]
    (made,) = _grid(dates, values, columns=("a", "b"), keeps_tail=True)
    np.testing.assert_array_equal(made.values, [[1, 1], [2, 2], [np.nan, 3]])


def _told(*args, **options):
    with pytest.raises(DataError) as raised:
        _grid(*args, **options)
    return str(raised.value)


def test_a_date_that_stands_there_twice_is_named():
    assert _told(["2016-07-01", "2016-07-02", "2016-07-01"], [1, 2, 3]) == (
        "a.csv:4: 2016-07-01 stands there twice, first at a.csv:2\n"
        "  fix: remove one, or name the column that tells series apart in `data.source.group`"
    )


def test_a_date_between_two_steps_is_named():
    dates = ["2016-07-01", "2016-07-02", "2016-07-03", "2016-07-03 12:00"]
    assert _told(dates, [1, 2, 3, 4], groups=["x"] * 4, missing="mask") == (
        "a.csv:5: 2016-07-03 12:00 is not on the grid of a row every 1 day in the series 'x'\n"
        "  fix: bring the series to equal steps, or name its column in `data.source.group`"
    )


def test_missing_rows_and_values_are_named():
    assert _told(["2016-07-01", "2016-07-02", "2016-07-05"], [1, 2, 5]) == (
        f"a.csv:4: 2 rows are missing before 2016-07-05, with a row every 1 day\n{FILLED}"
    )
    assert _told(["2016-07-01", "2016-07-02", "2016-07-03"], [1, np.nan, 5]) == (
        f"a.csv:3: the value of 'a' is missing\n{FILLED}"
    )
    known = [[1, 1], [2, np.nan], [np.nan, 3]]
    dates = ["2016-07-01", "2016-07-02", "2016-07-03"]
    assert "a.csv:3: the value of 'b'" in _told(dates, known, columns=("a", "b"), keeps_tail=True)


def test_a_static_column_that_changes_is_named():
    assert _told(["2016-07-01", "2016-07-02"], [1, 2], static=["kind"], texts=[("u",), ("v",)]) == (
        "a.csv:3: the static column 'kind' has 'v', and 'u' before\n"
        "  fix: take it out of `data.static`, or put it into `data.covariates`"
    )


def test_too_little_is_told():
    assert _told(["2016-07-01"], [1]) == "a.csv:2: a series needs two rows at least"
    assert _told(["2016-07-01", "2016-07-02"], [np.nan, np.nan]) == "a.csv:2: no row has a value to forecast"
