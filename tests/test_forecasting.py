"""A forecaster from its recipe to its report, and every command on its run folder."""

import io
import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from kerasseq import cli, pipeline
from kerasseq.errors import DataError, KerasseqError, RecipeError
from kerasseq.shipped import shipped_folder
from tests.tiny_run import UNTRACED

RECIPE = """\
data:
  source: {type: series, path: few.csv, group: region}
  target: load
  known: [temperature, holiday]
  static: [kind]
  calendar: [weekday, year_day]
  context: 10
  horizon: 3
  split: {validation: 10, test: 10}
model:
  type: forecaster
  encoder: {type: recurrent, cell: gru, units: 6}
  normalization: instance
  quantiles: [0.1, 0.5, 0.9]
train: {epochs: 1, watch: []}
evaluate: {metrics: [{type: mse, scaled: true}, mae, mase, coverage, pinball]}
export: [saved_model]
"""
HEAD, *LINES = (shipped_folder("datasets") / "load" / "load.csv").read_text("utf-8").splitlines()
FEW = [line for place, line in enumerate(LINES) if place % 1826 < 60 and place < 2 * 1826]


pytestmark = [*UNTRACED, pytest.mark.usefixtures("few_steps")]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("forecaster")
    (folder / "few.csv").write_text("\n".join([HEAD, *FEW]) + "\n")
    (folder / "a.yaml").write_text(RECIPE)
    return pipeline.run(folder / "a.yaml", out=folder / "run", quiet=True)


def _lines(run):
    return list(map(json.loads, run.folder.predictions.read_text("utf-8").splitlines()))


def test_what_is_measured(run):
    assert list(run.metrics["test"]) == ["loss", "scaled_mse", "mae", "mase", "coverage", "pinball"]
    assert set(run.metrics["baseline"]) == {"last_value", "seasonal_naive"}
    for found in run.metrics["baseline"].values():
        assert list(found) == ["scaled_mse", "mae", "mase"]


def test_predictions_are_windows_with_their_dates(run):
    lines = _lines(run)
    assert len(lines) == 2 * (10 - 3 + 1)
    assert list(lines[0]) == ["input", "reference", "series", "dates", "prediction", "quantiles"]
    assert lines[0]["input"] == "coast 2019-02-19" and lines[0]["series"] == "coast"
    assert lines[0]["dates"] == ["2019-02-20", "2019-02-21", "2019-02-22"]
    loads = {tuple(line.split(",")[:2]): float(line.split(",")[3]) for line in FEW}
    assert lines[0]["reference"] == [loads[date, "coast"] for date in lines[0]["dates"]]
    for line in lines:
        low, middle, high = map(np.array, line["quantiles"].values())
        assert (low <= middle).all() and (middle <= high).all()
        assert line["prediction"] == line["quantiles"]["0.5"]


def test_metrics_are_those_of_the_predictions(run):
    lines = _lines(run)
    errors = [np.abs(np.subtract(line["prediction"], line["reference"])) for line in lines]
    assert run.metrics["test"]["mae"] == pytest.approx(np.mean(errors), rel=1e-4)


def test_the_loss_is_that_of_the_quantiles_in_scaled_units(run):
    scale = dict(zip(run.features["series"].names, run.features["series"].scale.scale[1:, 0], strict=True))
    found = []
    for line in _lines(run):
        for level, quantile in line["quantiles"].items():
            errors = np.subtract(line["reference"], quantile) / scale[line["series"]]
            found.append(np.maximum(float(level) * errors, (float(level) - 1) * errors))
    # Those that are written do not cross; the loss is that of quantiles as they were learned.
    assert np.mean(found) <= run.metrics["test"]["loss"] == pytest.approx(np.mean(found), rel=0.02)


def test_the_report_draws_forecasts(run):
    html = run.folder.report.read_text("utf-8")
    assert (
        '<h2 id="h-forecasts">Forecasts</h2>' in html and "earn its keep" in html or "earns its keep" in html
    )


def _asked(line):
    """The lines of a file that ends where a test window begins, with what is known behind it."""
    name = line["series"]
    own = [one.split(",") for one in FEW if one.split(",")[1] == name]
    first = [cells[0] for cells in own].index(line["dates"][0])
    ahead = [[*cells[:3], "", *cells[4:]] for cells in own[first : first + 3]]
    return [HEAD, *map(",".join, own[first - 12 : first] + ahead)]


def test_a_file_is_forecast_from_its_end(run, monkeypatch, capsys, tmp_path):
    line = _lines(run)[-1]
    assert line["series"] == "hills"
    assert pipeline.open_run(run.folder.path).predict(_asked(line)) == [
        pytest.approx(line["prediction"], rel=1e-5)
    ]
    (tmp_path / "new.csv").write_text("\n".join(_asked(line)))
    monkeypatch.setattr(sys, "argv", ["kerasseq", "predict", str(run.folder.path), str(tmp_path / "new.csv")])
    with pytest.raises(SystemExit):
        cli.main()
    rows = [row.split(",") for row in capsys.readouterr().out.splitlines()]
    assert [row[:2] for row in rows] == [["hills", date] for date in line["dates"]]
    expected = np.transpose([line["prediction"], *line["quantiles"].values()])
    np.testing.assert_allclose(np.array([row[2:] for row in rows], float), expected, rtol=1e-5)


def test_json_lines_say_all(run, monkeypatch, capsys):
    line = _lines(run)[0]
    lines = "\n".join(_asked(line)).encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
    monkeypatch.setattr(sys, "argv", ["kerasseq", "predict", str(run.folder.path), "--format", "jsonl"])
    with pytest.raises(SystemExit):
        cli.main()
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == ["input", "series", "dates", "prediction", "quantiles"]
    assert answer["input"] == line["input"] and answer["dates"] == line["dates"]


def test_wrong_lines_are_named(run):
    with pytest.raises(DataError, match="input:2: 'x' in the column 'load' is no number"):
        run.predict([HEAD, "2019-03-02,coast,service,x,0,0"])
    with pytest.raises(DataError, match="a window is a mapping with history, known, time, series"):
        run.predict([{"load": 3}])


def test_scores_are_refused(run):
    with pytest.raises(DataError, match="A forecaster gives examples no probability"):
        run.score([("a", "b")])


def test_the_saved_model_takes_and_gives_raw_units(run):
    serve = tf.saved_model.load(str(run.folder.saved_model)).signatures["serving_default"]
    lines = _lines(run)
    rows = {tuple(cells[:2]): list(map(float, cells[3:])) for cells in (line.split(",") for line in FEW)}
    dates = sorted({date for date, _ in rows})
    given = {"history": [], "known": [], "time": [], "series": []}
    for line in lines:
        after = dates.index(line["dates"][0])
        window = np.array([rows[date, line["series"]] for date in dates[after - 10 : after + 3]])
        given["history"].append(window[:10, :1])
        given["known"].append(window[:, 1:])
        given["time"].append(np.datetime64(dates[after - 1], "s").astype(np.int64))
        given["series"].append(line["series"])
    types = {"history": tf.float32, "known": tf.float32, "time": tf.int64, "series": tf.string}
    found = serve(**{name: tf.constant(given[name], types[name]) for name in given})
    expected = [line["prediction"] for line in lines]
    np.testing.assert_allclose(found["forecast"][..., 0], expected, rtol=1e-4)
    expected = [np.transpose(list(line["quantiles"].values())) for line in lines]
    np.testing.assert_allclose(found["quantiles"][:, :, 0], expected, rtol=1e-4)


def test_explain_names_the_loop_of_a_recursive_forecast(run):
    recipe = run.folder.path.parent / "a.yaml"
    text = pipeline.explain(recipe, {"model.strategy": "recursive", "data.batch_size": 8})
    assert "a loop over 3 steps, each reading the one before" in text
    assert "history (8, 10, 1), known (8, 13, 6), static (8, 2)" in text


RULES = [
    ({"model.strategy": "recursive", "data.covariates": ["temperature"]}, "their future is not known"),
    ({"model.strategy": "recursive", "data.missing": "mask"}, "take interpolate"),
    ({"model.strategy": "recursive", "model.autoregression": 3}, "a linear part is for strategy: direct"),
    ({"model.normalization": "last_value", "model.residual": "last_value"}, "subtracted already"),
    ({"model.loss": "mae"}, "quantiles have a loss of their own"),
    ({"decode": "greedy"}, "a forecast is not searched for"),
    ({"train.label_smoothing": 0.1}, "numbers are no classes"),
    ({"train.scheduled_sampling": {}}, "a forecaster writes no tokens"),
    ({"evaluate.num_details": 3}, "the report draws forecasts from all that there are"),
]


@pytest.mark.parametrize(("overrides", "fix"), RULES)
def test_what_does_not_go_together_is_refused_before_training(overrides, fix, tmp_path):
    (tmp_path / "a.yaml").write_text(RECIPE)
    with pytest.raises(RecipeError, match=fix):
        pipeline.check(tmp_path / "a.yaml", overrides)


def test_a_point_forecast_with_quantile_metrics_is_told(run, tmp_path):
    recipe = run.folder.path.parent / "a.yaml"
    with pytest.raises(KerasseqError, match="which needs `model.quantiles`"):
        pipeline.run(recipe, {"model.quantiles": [], "train.epochs": 1}, out=tmp_path / "run", quiet=True)
