"""What `doctor` tells about series."""

import pytest

from kerasseq import pipeline

RECIPE = """
data:
  source: {type: series, path: a.csv, group: city}
  target: load
  covariates: [flat]
  context: 4
  horizon: 2
  split: {validation: 5, test: 5}
model: forecaster
"""


def _rows(city, first, number, missing=()):
    for day in range(first, first + number):
        yield f"2020-01-{day:02},{city},{'NA' if day in missing else day},3\n"


@pytest.fixture
def told(tmp_path):
    def tell(*rows):
        (tmp_path / "a.yaml").write_text(RECIPE)
        (tmp_path / "a.csv").write_text("date,city,load,flat\n" + "".join(rows))
        return pipeline.doctor(tmp_path / "a.yaml", data=tmp_path).partition("\n\n")[2]

    return tell


def test_it_tells_where_series_begin_and_how_they_are_cut(told):
    assert told(*_rows("x", 1, 30), *_rows("y", 3, 28)) == (
        "series  from        to          every  rows  missing rows  missing targets\n"
        "x       2020-01-01  2020-01-30  1 day  30    0             0\n"
        "y       2020-01-03  2020-01-30  1 day  28    0             0\n"
        "\n"
        "split       from        to          rows\n"
        "train       2020-01-01  2020-01-20  38\n"
        "validation  2020-01-21  2020-01-25  10\n"
        "test        2020-01-26  2020-01-30  10\n"
        "\n"
        "to look at:\n"
        "- the column 'flat' is the same everywhere in the training part of each series"
    )


def test_it_tells_what_is_missing_and_what_cannot_be_used(told, tmp_path):
    rows = [*_rows("x", 1, 30, missing=(5, 6, 7)), *_rows("y", 18, 13)]
    text = told(*rows[:9], *rows[11:], "2020-02-30,x,1,1\n")
    assert "x       2020-01-01  2020-01-30  1 day  30    2             5" in text
    assert (
        f"unusable rows: 1\n{tmp_path}/a.csv:43: the date '2020-02-30' is none: day is out of range" in text
    )
    assert "- 11.6% of the rows have no target: they are neither learned nor measured" in text
    assert "- too short before 2020-01-21 to be learned from, and scaled as all series are: y" in text
