"""Dates in the ways people write them, and the steps between them."""

import numpy as np
import pytest

from kerasseq.data.series.dates import parse_dates, written
from kerasseq.data.series.steps import Step, step_of
from kerasseq.errors import DataError


def _read(*texts, **options):
    found = parse_dates([texts], **options)
    assert not found.problems
    return written(found.seconds)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2016-07-01 13:05:00", "2016-07-01 13:05"),
        ("2016-07-01T13:05:09.123", "2016-07-01 13:05:09"),
        ("2016/7/1", "2016-07-01"),
        ("01.02.2009 00:10:00", "2009-02-01 00:10"),
        ("13/01/2016 1:00 PM", "2016-01-13 13:00"),
        ("13/01/2016 12:30 am", "2016-01-13 00:30"),
        ("1/31/99", "1999-01-31"),
        ("2016-07", "2016-07-01"),
        ("07/2016", "2016-07-01"),
        ("2016Q3", "2016-07-01"),
        ("20160701", "2016-07-01"),
        ("20160701T1305", "2016-07-01 13:05"),
        ("1467331200", "2016-07-01"),
        ("1467331200000", "2016-07-01"),
        ("2016", "2016-01-01"),
        ("2016-07-01 00:00:00+02:00", "2016-07-01"),
    ],
)
def test_the_usual_formats_are_known(text, expected):
    assert _read(text) == [expected]


def test_the_whole_column_says_where_the_day_stands():
    assert _read("01/02/2016", "13/02/2016") == ["2016-02-01", "2016-02-13"]
    assert _read("01/02/2016", "01/13/2016") == ["2016-01-02", "2016-01-13"]


@pytest.mark.parametrize(
    ("texts", "why"),
    [
        (("01/02/2016", "02/03/2016"), "no number is above 12"),
        (("13/02/2016", "02/13/2016"), "both numbers are above 12 somewhere"),
    ],
)
def test_where_it_cannot_be_told_a_format_is_asked_for(texts, why):
    with pytest.raises(DataError) as raised:
        parse_dates([texts])
    assert str(raised.value) == (
        f"whether dates such as {texts[0]!r} begin with the day cannot be told: {why}\n"
        "  fix: set `data.source.date_format`, such as %d/%m/%Y or %m/%d/%Y"
    )
    assert _read("01/02/2016", date_format="%m/%d/%Y") == ["2016-01-02"]


def test_time_zones_that_change_are_brought_to_utc():
    assert _read("2016-10-30T02:00+02:00", "2016-10-30T02:00+01:00") == [
        "2016-10-30 00:00",
        "2016-10-30 01:00",
    ]


def test_parts_stand_in_several_columns():
    found = parse_dates([["2016", "2016"], ["1", "12"], ["31", "31"], ["23", "24"]])
    assert written(found.seconds) == ["2016-01-31 23:00", "2017-01-01 00:00"]
    found = parse_dates([["10/03/2004", "13/03/2004"], ["18.00.00", "19.00.00"]])
    assert written(found.seconds) == ["2004-03-10 18:00", "2004-03-13 19:00"]


def test_what_is_no_date_is_told_row_by_row():
    found = parse_dates([["2016-13-01", "soon", "2016-02-30", "2016-02-28"]])
    assert list(found.problems) == [0, 1, 2]
    assert found.problems[0] == "the date '2016-13-01' is none: month must be in 1..12"
    assert found.problems[1].startswith("the date 'soon' is in no format that is known, such as 2016-07-01")
    found = parse_dates([["2016-07-01 25:00"]])
    assert found.problems == {0: "the date '2016-07-01 25:00' is none: hour must be below 25"}
    found = parse_dates([["1.7."]], date_format="%d.%m.%Y")
    assert found.problems == {0: "the date '1.7.' is not in the format '%d.%m.%Y'"}
    found = parse_dates([["2016"], ["13"]])
    assert found.problems == {0: "'2016', '13' is no year, month: month must be in 1..12"}


def _seconds(*texts):
    return parse_dates([texts]).seconds


@pytest.mark.parametrize(
    ("texts", "said", "season"),
    [
        (("2016-07-01 00:00", "2016-07-01 01:00", "2016-07-01 03:00", "2016-07-01 04:00"), "1 hour", 24),
        (("2016-07-01 00:00", "2016-07-01 00:15"), "15 minutes", 96),
        (("2016-07-01", "2016-07-02"), "1 day", 7),
        (("2016-07-01", "2016-07-08"), "1 week", 52),
        (("2016-01", "2016-02", "2016-03"), "1 month", 12),
        (("2016-01-31", "2016-02-29", "2016-03-31"), "1 month", 12),
        (("2016Q1", "2016Q2"), "3 months", 4),
        (("2016", "2017"), "1 year", 1),
        (("2016-07-01 00:00", "2016-07-01 00:07"), "7 minutes", 1),
    ],
)
def test_the_step_is_the_usual_difference(texts, said, season):
    step = step_of([_seconds(*texts)])
    assert (str(step), step.season) == (said, season)
    assert step.place(int(_seconds(texts[0])[0]), _seconds(*texts)).min() == 0


def test_months_end_where_they_end():
    first = int(_seconds("2016-01-31")[0])
    dates = Step(months=1).after(first, np.arange(4))
    assert written(dates) == ["2016-01-31", "2016-02-29", "2016-03-31", "2016-04-30"]
    assert Step(months=1).place(first, dates).tolist() == [0, 1, 2, 3]
    assert Step(months=1).place(first, _seconds("2016-03-30", "2015-12-31")).tolist() == [-1, -1]


def test_a_single_date_has_no_step():
    assert step_of([_seconds("2016-07-01")]) is None
