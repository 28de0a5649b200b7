"""Series in windows: splits by time, scales of the training part alone, and nothing from the future."""

import json

import numpy as np
import pytest
import tensorflow as tf

from kerasseq.data.prepare import load_vocabularies
from kerasseq.data.series.prepare import features_of, prepare_series
from kerasseq.data.series.reader import SeriesReader
from kerasseq.errors import DataError

ROWS = 60
COLUMNS = {"target": "a", "covariates": ["b"], "known": ["k"], "static": ["kind", "size"]}
TABLE = {"type": "table", "train": "a", "validation": "b"}
SIZES = {"context": 6, "horizon": 3, "batch_size": 5}


def _write(folder, *, rows=ROWS, change=None, groups=("x", "y"), missing=()):
    """A file with several series of random values; `change` makes other values from a row on."""
    rng = np.random.default_rng(1)
    lines = ["date,group,a,b,k,kind,size"]
    for place, group in enumerate(groups):
        values = np.round(rng.normal(10 * (place + 1), 2, (rows, 3)), 6)
        if change is not None:
            values[change:] += 100
        dates = np.datetime64("2020-01-01") + np.arange(rows)
        for row, (date, numbers) in enumerate(zip(dates, values.astype(str), strict=True)):
            numbers[0] = "NA" if row in missing else numbers[0]
            lines.append(",".join([str(date), group, *numbers, "uv"[place % 2], str(place)]))
    (folder / "a.csv").write_text("\n".join(lines) + "\n")
    return {"type": "series", "path": "a.csv", "group": "group"}


def _raw(folder, columns):
    return np.genfromtxt(folder / "a.csv", delimiter=",", skip_header=1, usecols=columns)


def _prepare(folder, source=None, **options):
    given = {**COLUMNS, **SIZES, "split": {"validation": 10, "test": 20}, "calendar": ["weekday"], **options}
    return prepare_series(source=source or _write(folder), folders=[folder], **given)


def _arrays(split, **options):
    """All windows in a row, as NumPy arrays."""
    batches = list(split.batches(seed=1, epoch=0, training=False, **options).as_numpy_iterator())
    return tf.nest.map_structure(lambda *parts: np.concatenate(parts), *batches)


def test_every_origin_of_a_split_is_there_once(tmp_path):
    prepared = _prepare(tmp_path)
    counts = {name: split.num_examples for name, split in prepared.splits.items()}
    # In training the history lies within the split; behind it, it may reach back.
    assert counts == {"train": 2 * (30 - 6 - 3 + 1), "validation": 2 * (10 - 3 + 1), "test": 2 * (20 - 3 + 1)}
    assert {name: count["kept"] for name, count in prepared.counts.items()} == counts
    origins = prepared.splits["test"].origins
    assert (
        origins[0] == "x 2020-02-09" and origins[-1] == "y 2020-02-26" and len(set(origins)) == len(origins)
    )


def test_windows_hold_what_the_file_holds(tmp_path):
    prepared = _prepare(tmp_path, scaler="none")
    split = prepared.splits["test"]
    found, truths = _arrays(split), split.truths
    raw = np.genfromtxt(tmp_path / "a.csv", delimiter=",", skip_header=1, usecols=(2, 3, 4)).reshape(
        2, ROWS, 3
    )
    for number, origin in enumerate(split.origins):
        series, row = "xy".index(origin[0]), origin.row
        np.testing.assert_allclose(
            found["history"]["values"][number], raw[series, row - 5 : row + 1, :2], 1e-6
        )
        np.testing.assert_allclose(
            found["history"]["known"][number, :, 0], raw[series, row - 5 : row + 4, 2], 1e-6
        )
        np.testing.assert_allclose(found["target"][number, :, 0], raw[series, row + 1 : row + 4, 0], 1e-6)
        assert truths[number] == raw[series, row + 1 : row + 4, 0].tolist()
        np.testing.assert_array_equal(origin.past[:, 0], raw[series, : row + 1, 0])
        assert found["history"]["series"][number] == series + 1


def test_no_target_of_a_later_split_is_in_an_earlier_one(tmp_path):
    prepared = _prepare(tmp_path, scaler="none", target=["k"], known=[])
    raw = _raw(tmp_path, 4).reshape(2, ROWS)
    parts = {"train": slice(0, 30), "validation": slice(30, 40), "test": slice(40, 60)}
    seen = {}
    for name, split in prepared.splits.items():
        found = _arrays(split)
        seen[name] = set(found["target"].ravel().tolist())
        assert seen[name] <= set(raw[:, parts[name]].astype(np.float32).ravel().tolist())
        history = set(found["history"]["values"][..., 0].ravel().tolist())
        later = raw[:, parts[name].stop :].astype(np.float32).ravel().tolist()
        assert not history & set(later)
    assert not seen["train"] & seen["validation"] and not seen["validation"] & seen["test"]


def test_what_comes_behind_the_training_part_changes_nothing_that_is_learned(tmp_path):
    before = _prepare(tmp_path)
    after = _prepare(tmp_path, _write(tmp_path, change=30))
    for part in ("shift", "scale"):
        np.testing.assert_array_equal(
            getattr(before.features["series"].scale, part), getattr(after.features["series"].scale, part)
        )
    np.testing.assert_array_equal(before.features["series"].naive_error, after.features["series"].naive_error)
    one, other = (_arrays(prepared.splits["train"]) for prepared in (before, after))
    tf.nest.map_structure(np.testing.assert_array_equal, one, other)


def test_the_future_changes_no_history(tmp_path):
    """A window whose origin is the last row before a change reads nothing of it, but for what is known."""
    before = _prepare(tmp_path, known=[]).splits["test"]
    after = _prepare(tmp_path, _write(tmp_path, change=50), known=[]).splits["test"]
    place = [origin.row for origin in before.origins].index(49)
    one, other = (_arrays(split) for split in (before, after))
    for part in ("values", "known"):
        np.testing.assert_array_equal(one["history"][part][: place + 1], other["history"][part][: place + 1])
    assert (one["target"][place] != other["target"][place]).all()


@pytest.mark.parametrize("scaler", ["standard", "minmax", "none"])
def test_each_series_is_scaled_by_its_training_part(tmp_path, scaler):
    prepared = _prepare(tmp_path, scaler=scaler)
    raw = _raw(tmp_path, 2).reshape(2, ROWS)
    training, reader = raw[:, :30], prepared.features["series"]
    shift, scale = {
        "standard": (training.mean(1), training.std(1)),
        "minmax": (training.min(1), np.ptp(training, axis=1)),
        "none": (np.zeros(2), np.ones(2)),
    }[scaler]
    np.testing.assert_allclose(reader.scale.shift[1:, 0], shift, 1e-12)
    np.testing.assert_allclose(reader.scale.scale[1:, 0], scale, 1e-12)
    np.testing.assert_allclose(prepared.splits["test"].truths[0].scale, [scale[0]], 1e-12)
    season = np.abs(training[:, 7:] - training[:, :-7]).mean(1)
    np.testing.assert_allclose(reader.naive_error[1:, 0], season, 1e-12)


def test_a_constant_column_and_one_without_values_are_left_as_they_are(tmp_path):
    (tmp_path / "a.csv").write_text(
        "date,a,b\n" + "".join(f"2020-01-{day:02},5,NA\n" for day in range(1, 31))
    )
    prepared = _prepare(
        tmp_path, {"type": "series", "path": "a.csv"}, covariates=["b"], known=[], static=[], missing="mask",
        context=3, split={"validation": 6, "test": 6},
    )  # fmt: skip
    np.testing.assert_array_equal(prepared.features["series"].scale.scale, np.ones((2, 2)))
    assert (_arrays(prepared.splits["train"])["history"]["values"][..., 0] == 0).all()
    assert np.isnan(prepared.features["series"].naive_error).all()


def test_statics_are_numbers_and_categories(tmp_path):
    prepared = _prepare(tmp_path)
    static = _arrays(prepared.splits["train"])["history"]["static"]
    np.testing.assert_allclose(np.unique(static, axis=0), [[0, 1, 1], [1, 0, -1]])


def test_training_is_shuffled_anew_each_epoch_and_comes_back(tmp_path):
    split = _prepare(tmp_path).splits["train"]

    def targets(epoch, skip=0):
        batches = split.batches(seed=3, epoch=epoch, training=True, skip=skip).as_numpy_iterator()
        return np.concatenate([batch["target"] for batch in batches])

    assert len(targets(0)) == split.num_examples and split.steps == 9
    assert (targets(0) != targets(1)).any()
    np.testing.assert_array_equal(targets(1), targets(1))
    np.testing.assert_array_equal(np.sort(targets(0), axis=0), np.sort(targets(1), axis=0))
    np.testing.assert_array_equal(targets(1, skip=2), targets(1)[10:])
    both = split.epochs(seed=3, first=1, last=3).as_numpy_iterator()
    np.testing.assert_array_equal(
        np.concatenate([batch["target"] for batch in both]), np.concatenate([targets(1), targets(2)])
    )


def test_strides_leave_origins_out(tmp_path):
    prepared = _prepare(tmp_path, stride=4, evaluation_stride=3)
    rows = [origin.row for origin in prepared.splits["test"].origins]
    assert rows == 2 * [39, 42, 45, 48, 51, 54]
    assert [origin.row for origin in prepared.splits["train"].origins][:3] == [5, 9, 13]


def test_missing_targets_are_neither_learned_nor_measured(tmp_path):
    source = _write(tmp_path, missing=(45, 50, 51, 52))
    prepared = _prepare(tmp_path, source, missing="interpolate")
    split = prepared.splits["test"]
    rows = [origin.row for origin in split.origins]
    assert 49 not in rows  # all that is forecast from there is missing
    found = _arrays(split)
    place = rows.index(44)
    assert np.isnan(found["target"][place, 0, 0]) and split.truths[place][0] is None
    assert np.isnan(found["history"]["values"][rows.index(45), -1, 0])
    with pytest.raises(DataError, match="a.csv:47: the value of 'a' is missing"):
        _prepare(tmp_path, source)


def test_what_was_learned_comes_back(tmp_path):
    prepared = _prepare(tmp_path, vocabulary_folder=tmp_path / "run")
    assert list(json.loads((tmp_path / "run" / "series.txt").read_text())) == [
        "step", "series", "columns", "shift", "scale", "naive_error", "static"
    ]  # fmt: skip
    again = _prepare(
        tmp_path, _write(tmp_path, change=0), vocabulary_folder=tmp_path / "run", splits=["test"]
    )
    assert list(again.splits) == ["test"]
    one, other = (found.features["series"] for found in (prepared, again))
    for part in (lambda x: x.scale.shift, lambda x: x.scale.scale, lambda x: x.statics.vectors):
        np.testing.assert_array_equal(part(one), part(other))
    section = {"source": _write(tmp_path), "calendar": ["weekday"], "season": None, "scaler": "standard"}
    section |= {**COLUMNS, "context": 6, "horizon": 3, "missing": "error"}
    alone = features_of(section)
    load_vocabularies(alone, tmp_path / "run")
    assert alone["series"].names == ("x", "y") and alone["series"].season == 7


def test_broken_files_of_what_was_learned_are_named(tmp_path):
    reader = _prepare(tmp_path, vocabulary_folder=tmp_path / "run").features["series"]
    path = tmp_path / "run" / "series.txt"
    other = SeriesReader(
        source=None, columns={**dict.fromkeys(COLUMNS, ()), "target": ["z"]}, calendar=(), context=1,
        horizon=1, season=None, scaler="none", missing="error",
    )  # fmt: skip
    with pytest.raises(DataError, match="it is of other columns: a, b, k"):
        other.load(path)
    path.write_text("{}")
    with pytest.raises(DataError, match="what was learned of the series cannot be read: 'step'"):
        reader.load(path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"known": ["b"]}, "`data.known` names 'b', which `data.covariates` names already\n  fix: "),
        ({"target": []}, "`data.target` names no column"),
        (
            {"horizon": 11},
            "the validation split has no room for a forecast of 11 rows behind 6\n",
        ),
        ({"split": {"test": 0}}, "`data.split`: `test` must be a share below 1"),
        (
            {"source": {"type": "table", "train": "a", "validation": "b"}},
            "`data.source` has examples, not series",
        ),
        (
            {"source": {"type": "series", "path": "a", "delimiter": ""}},
            "`data.source`: `delimiter` must be one",
        ),
    ],
)
def test_what_does_not_go_together_is_refused(tmp_path, options, message):
    _write(tmp_path)
    with pytest.raises(DataError) as raised:
        _prepare(tmp_path, **options)
    assert str(raised.value).startswith(message)


def _line(day, a, k="1.5"):
    return f"2020-03-{day:02},x,{a},2,{k},u,0"


def test_the_last_window_of_a_file_is_read_as_training_reads_it(tmp_path):
    reader = _prepare(tmp_path).features["series"]
    lines = (tmp_path / "a.csv").read_text().splitlines()
    until = [line for line in lines if line[:10] < "2020-02-26" or line.startswith("date")]
    ahead = [line for line in lines if line[:10] in ("2020-02-26", "2020-02-27", "2020-02-28")]
    unknown = [",".join([*line.split(",")[:2], "", *line.split(",")[3:]]) for line in ahead]
    windows = reader.windows(until + unknown)
    assert windows == ["x 2020-02-25", "y 2020-02-25"]
    split = _prepare(tmp_path).splits["test"]
    found, asked = _arrays(split)["history"], reader.encode(windows)
    for row, place in enumerate([split.origins.index(window) for window in windows]):
        for part in ("values", "known", "static", "series", "time"):
            np.testing.assert_allclose(asked[part][row], found[part][place], atol=2e-6)


def test_an_unknown_series_is_read_by_the_scale_of_all(tmp_path):
    reader = _prepare(tmp_path, known=[]).features["series"]
    lines = (tmp_path / "a.csv").read_text().replace(",x,", ",z,").splitlines()
    window = next(one for one in reader.windows(lines) if one.name == "z")
    batch = reader.encode([window])
    assert batch["series"].numpy().tolist() == [0]
    raw = (window.history - reader.scale.shift[0]) / reader.scale.scale[0]
    np.testing.assert_allclose(batch["values"][0], raw, atol=1e-6)
    np.testing.assert_allclose(batch["static"][0], [1, 0, -1])


def test_too_short_files_are_refused(tmp_path):
    reader = _prepare(tmp_path).features["series"]
    head = "date,group,a,b,k,kind,size"
    with pytest.raises(DataError, match=r"input, series 'x': a forecast reads 6 rows .*, and there are 3"):
        reader.windows([head, *(_line(day, 1) for day in range(1, 4))])
    with pytest.raises(DataError, match="k must be known for 3 rows behind the last target, and 1 are there"):
        reader.windows([head, *(_line(day, 1) for day in range(1, 8)), _line(8, "")])
    with pytest.raises(DataError, match="input, series 'x': a value of k is missing"):
        reader.windows(
            [head, *(_line(day, 1) for day in range(1, 8)), *(_line(day, "", "") for day in (8, 9, 10))]
        )
    with pytest.raises(DataError, match="input:1: the file is empty"):
        reader.windows([])


def test_windows_from_python(tmp_path):
    reader = _prepare(tmp_path).features["series"]
    given = {"history": np.ones((6, 2)), "known": np.zeros((9, 1)), "time": "2020-03-01", "series": "y"}
    window = reader.window(given)
    assert window == "y 2020-03-01" and reader.window(window) is window
    for change, message in (
        ({"history": np.ones((5, 2))}, r"`history` must be of shape \(6, 2\); found \(5, 2\)"),
        ({"known": np.ones(9)[:3]}, r"`known` must be of shape \(9, 1\)"),
        ({"time": "soon"}, "`time`: the date 'soon' is in no format"),
        ({"hist": 1}, "a window is a mapping with history, known, time, series"),
    ):
        with pytest.raises(DataError, match=message):
            reader.window({**given, **change})
    del given["time"]
    with pytest.raises(DataError, match="a window needs a `time`"):
        reader.window(given)
