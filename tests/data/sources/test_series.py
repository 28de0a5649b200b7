"""Series in delimited files."""

import gzip

import numpy as np
import pytest

from kerasseq.data.series.dates import written
from kerasseq.data.sources.series import Series
from kerasseq.errors import DataError


def _source(tmp_path, text, name="a.csv", **options):
    (tmp_path / name).write_bytes(text.encode(options.get("encoding", "utf-8")))
    return Series(path=name, folders=[tmp_path], **options)


def test_it_reads_columns_by_name(tmp_path):
    source = _source(tmp_path, "date,a, b ,c\n2016-07-02,1,2.5,x\n2016-07-01,3,NA,y\n")
    rows = source.read(numbers=["b", "a"], texts=["c"])
    assert written(rows.seconds) == ["2016-07-02", "2016-07-01"]
    np.testing.assert_array_equal(rows.numbers, [[2.5, 1], [np.nan, 3]])
    assert rows.texts == [("x",), ("y",)]
    assert rows.places == [f"{tmp_path}/a.csv:2", f"{tmp_path}/a.csv:3"]
    assert rows.skipped == 0


@pytest.mark.parametrize("mark", ["", "NA", "na", "N/A", "nan", "NULL", "?"])
def test_missing_values_are_nan(tmp_path, mark):
    rows = _source(tmp_path, f"date,a\n2016-07-01,{mark}\n").read(numbers=["a"])
    assert np.isnan(rows.numbers).all()


def test_marks_of_ones_own(tmp_path):
    source = _source(tmp_path, "date,a\n2016-07-01,-200\n", missing_marks=["-200"])
    assert np.isnan(source.read(numbers=["a"]).numbers).all()


def test_semicolons_decimal_commas_and_other_encodings(tmp_path):
    text = '"Größe";"Datum"\n"1,5";"31.12.2016 23:00"\n'
    source = _source(tmp_path, text, date="Datum", decimal=",", encoding="latin-1")
    rows = source.read(numbers=["Größe"])
    assert rows.numbers.tolist() == [[1.5]] and written(rows.seconds) == ["2016-12-31 23:00"]


def test_gzip_several_files_groups_and_parts_of_dates(tmp_path):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"year,month,day,hour,city,v\n2016,7,1,0,x,1\n"))
    (tmp_path / "b.csv").write_bytes(b"v,city,year,month,day,hour\r\n2,y,2016,7,1,1\r\n")
    source = Series(
        path=["a.csv.gz", "b.csv"], date=["year", "month", "day", "hour"], group="city", folders=[tmp_path]
    )
    rows = source.read(numbers=["v"])
    assert rows.groups == ["x", "y"] and rows.numbers.tolist() == [[1], [2]]
    assert written(rows.seconds) == ["2016-07-01 00:00", "2016-07-01 01:00"]


BROKEN = {
    "2016-07-01,1": "expected 3 columns, found 2",
    "2016-07-01,x,g": "'x' in the column 'a' is no number",
    "2016-07-01,inf,g": "'inf' in the column 'a' is no number",
    ",1,g": "the date is empty",
    "2016-07-01,1,": "the column 'g', which names the series, is empty",
    "2016-07-32,1,g": "the date '2016-07-32' is none: day is out of range for month",
}


@pytest.mark.parametrize("line", BROKEN)
def test_a_wrong_row_is_named_or_skipped(tmp_path, line):
    text = f"date,a,g\n2016-06-30,1,g\n{line}\n"
    with pytest.raises(DataError) as raised:
        _source(tmp_path, text, group="g").read(numbers=["a"])
    assert str(raised.value) == (
        f"{tmp_path}/a.csv:3: {BROKEN[line]}\n  fix: correct the line, or set `data.source.on_bad_line: skip`"
    )
    rows = _source(tmp_path, text, group="g", on_bad_line="skip").read(numbers=["a"])
    assert rows.skipped == 1 and rows.numbers.tolist() == [[1]]


def test_a_column_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError) as raised:
        _source(tmp_path, "date,load\n2016-07-01,1\n").read(numbers=["laod"])
    assert str(raised.value) == (
        f"{tmp_path}/a.csv:1: there is no column 'laod'\n  allowed: date, load\n  fix: did you mean 'load'?"
    )


def test_files_without_rows_are_named(tmp_path):
    with pytest.raises(DataError, match="a.csv:1: the file is empty"):
        _source(tmp_path, "").read(numbers=["a"])
    with pytest.raises(DataError, match="`data.source.path` holds no examples: a.csv"):
        _source(tmp_path, "date,a\n").read(numbers=["a"])
    with pytest.raises(DataError, match="`data.source.path` is not there: none.csv"):
        Series(path="none.csv", folders=[tmp_path]).files()


def test_options_are_checked():
    with pytest.raises(ValueError, match="`delimiter` must be one character. Received: delimiter='ab'"):
        Series(path="a", delimiter="ab")
    with pytest.raises(ValueError, match="`decimal` must be one of '.', ','. Received: decimal='x'"):
        Series(path="a", decimal="x")
    with pytest.raises(DataError, match="'series', which a forecaster reads, not input, label"):
        Series(path="a", fields=("input", "label"))
