"""Forecasts in a report and on a terminal."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from kerasseq.report import page
from kerasseq.report.forecasts import first_numbers, is_forecast
from kerasseq.report.panels.forecasts import panel
from kerasseq.report.run_files import RunFiles, read_run
from kerasseq.report.terminal import show_results
from kerasseq.run_folder import RunFolder

HORIZON = 4
DATES = [str(date) for date in np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]")]


def _lines(*, targets=1, quantiles=True, number=30, missing=()):
    values = np.arange(len(DATES), dtype=float)
    lines = []
    for row in range(number):
        came = [None if row + 1 + step in missing else values[row + 1 + step] for step in range(HORIZON)]
        forecast = [values[row] + 2 * step for step in range(1, HORIZON + 1)]
        line = {
            "input": f"x {DATES[row]}",
            "series": "x",
            "dates": DATES[row + 1 : row + 1 + HORIZON],
            "reference": came if targets == 1 else [[one, one] for one in came],
            "prediction": forecast if targets == 1 else [[one, one + 1] for one in forecast],
        }
        if quantiles:
            line["quantiles"] = {"0.1": [one - 1 for one in forecast], "0.5": forecast, "0.9": came}
        if targets > 1:
            line["targets"] = ["a", "b"]
        lines.append(line)
    return lines


def test_it_draws_forecasts_with_what_came_before_and_their_bands():
    content = panel(RunFiles("a", predictions=_lines())).content
    assert content["number"] == 30 and content["levels"] == ["0.1", "0.5", "0.9"]
    first, *_, last = content["windows"]
    assert len(content["windows"]) == 6
    assert (first.title, last.title) == ("x 2020-01-03", "x 2020-01-29")
    assert len(last.bands) == 1 and last.bands[0].endswith("Z")
    shown = json.loads(last.values)
    assert [place for _, place, _ in shown] == list(range(-11, HORIZON + 1))
    values = {place: {name: value for name, _, value, _ in entries} for _, place, entries in shown}
    assert values[0] == {"what came": "28.00"}
    assert values[2] == {"what came": "30.00", "forecast": "32.00"}


def test_it_draws_the_error_of_each_step():
    (chart,) = panel(RunFiles("a", predictions=_lines())).content["steps"]
    shown = json.loads(chart.values)
    errors = [{name: value for name, _, value, _ in entries} for _, _, entries in shown]
    # A forecast of twice the slope is off by a step's worth, and so is repeating the last value.
    assert errors == [
        {"forecast": formatted, "the last value repeated": formatted}
        for formatted in ("1.000", "2.000", "3.000", "4.000")
    ]


def test_several_targets_have_their_turns():
    content = panel(RunFiles("a", predictions=_lines(targets=2, quantiles=False))).content
    assert [chart.title.rpartition(" · ")[2] for chart in content["windows"]] == ["a", "b"] * 3
    assert [chart.title for chart in content["steps"]] == ["Error by step, a", "Error by step, b"]
    assert content["levels"] == [] and not content["windows"][0].bands


def test_missing_values_are_left_out():
    content = panel(RunFiles("a", predictions=_lines(quantiles=False, missing=(3, 4)))).content
    shown = json.loads(content["windows"][0].values)
    came = [place for _, place, entries in shown if entries[0][0] == "what came"]
    assert came == [-1, 0, 3, 4]


def test_of_other_runs_there_is_none():
    assert panel(RunFiles("a")) is None
    assert panel(RunFiles("a", predictions=[{"input": "a", "reference": "b", "prediction": "c"}])) is None
    assert not is_forecast({"prediction": [1], "input": "a"})


@pytest.fixture
def run_folder(tmp_path):
    folder = RunFolder(tmp_path)
    folder.recipe.write_text("model: {type: forecaster}\n")
    folder.predictions.write_text("".join(json.dumps(line) + "\n" for line in _lines()))
    folder.metrics.write_text(
        json.dumps({"test": {"loss": 0.1, "mae": 2.5, "scaled_mse": 0.5, "coverage": 0.8}})
    )
    return folder


def test_the_page_shows_it_instead_of_texts(run_folder):
    html = page.render(read_run(run_folder))
    assert '<h2 id="h-forecasts">Forecasts</h2>' in html and 'class="band"' in html
    assert "Shaded: between the quantiles 0.1 and 0.9." in html
    assert 'id="samples"' not in html
    assert "MSE, scaled" in html and "80.0 %" in html


def test_the_terminal_shows_a_few_numbers(run_folder):
    console = Console(record=True, width=200, color_system=None, file=io.StringIO())
    show_results(run_folder, num_samples=1, console=console)
    text = console.export_text()
    assert "input       x 2020-01-01\nreference   1.000, 2.000, 3.000, 4.000\n" in text
    assert "prediction  2.000, 4.000, 6.000, 8.000\n" in text


def test_of_many_numbers_the_first_and_the_last_are_shown():
    assert first_numbers([1.5, None, 1234.5]) == "1.500, –, 1,234"
    assert first_numbers(list(range(10))) == "0, 1.000, 2.000, 3.000, 4.000, 5.000, 6.000 … 9.000"
    assert first_numbers([[1.0, 2.0]]) == "(1.000, 2.000)"
