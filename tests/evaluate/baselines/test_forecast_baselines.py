"""What forecasts have to beat."""

import sys

import numpy as np
import pytest

from kerasseq.evaluate.baselines.ets import ETS
from kerasseq.evaluate.baselines.last_value import LastValue
from kerasseq.evaluate.baselines.seasonal_naive import SeasonalNaive
from kerasseq.specs import KnownSeries, Origin


def _origins(values, rows, *, season=4, horizon=6, num_training=20):
    values = np.asarray(values, np.float64)
    series = KnownSeries(
        values=values if values.ndim == 2 else values[:, None], season=season, horizon=horizon,
        num_training=num_training,
    )  # fmt: skip
    return [Origin(f"x {row}", series=series, row=row) for row in rows]


def test_the_last_value_stays():
    assert LastValue()([], [], _origins(range(30), [9, 12])) == [[9.0] * 6, [12.0] * 6]
    assert LastValue()([], [], _origins([1, np.nan, np.nan, 4], [2])) == [[1.0] * 6]
    both = _origins(np.arange(20).reshape(10, 2), [3], horizon=2)
    assert LastValue()([], [], both) == [[[6.0, 7.0], [6.0, 7.0]]]


def test_a_season_comes_again():
    assert SeasonalNaive()([], [], _origins(range(30), [9])) == [[6.0, 7.0, 8.0, 9.0, 6.0, 7.0]]
    assert SeasonalNaive(season=1)([], [], _origins(range(30), [9])) == LastValue()(
        [], [], _origins(range(30), [9])
    )
    with pytest.raises(ValueError, match="`season` must be positive. Received: season=0"):
        SeasonalNaive(season=0)


@pytest.mark.parametrize("baseline", [LastValue(), SeasonalNaive()])
def test_nothing_behind_the_origin_is_read(baseline):
    values = np.random.default_rng(0).normal(size=(30, 2))
    changed = values.copy()
    changed[16:] = 100.0
    one, other = (baseline([], [], _origins(part, [15])) for part in (values, changed))
    assert one == other


def _seasonal(rows=120):
    rng = np.random.default_rng(1)
    time = np.arange(rows)
    return 10 + 0.1 * time + 3 * np.sin(2 * np.pi * time / 4) + rng.normal(0, 0.2, rows)


@pytest.mark.parametrize("trend", ["none", "straight", "damped"])
def test_ets_forecasts_what_statsmodels_does(trend):
    ets = pytest.importorskip("statsmodels.tsa.exponential_smoothing.ets")
    values = _seasonal()
    found = ETS(trend=trend)([], [], _origins(values, [80, 100], num_training=60))
    options = {
        "trend": None if trend == "none" else "add", "damped_trend": trend == "damped", "seasonal": "add",
        "seasonal_periods": 4, "initialization_method": "heuristic",
    }  # fmt: skip
    parameters = ets.ETSModel(values[:60], **options).fit(disp=False).params
    for row, forecast in zip([80, 100], found, strict=True):
        expected = ets.ETSModel(values[: row + 1], **options).smooth(parameters).forecast(6)
        np.testing.assert_allclose(forecast, expected, rtol=1e-6)


def test_ets_of_short_series_has_no_season_and_targets_are_apart():
    pytest.importorskip("statsmodels")
    values = np.stack([_seasonal(30), 5 * np.ones(30) + _seasonal(30)], axis=1)
    (both,) = ETS()([], [], _origins(values, [25], season=12, num_training=20))
    assert np.shape(both) == (6, 2) and np.isfinite(both).all()
    np.testing.assert_allclose(np.diff(both, axis=1), 5, atol=0.5)


def test_ets_reads_nothing_behind_the_origin():
    pytest.importorskip("statsmodels")
    changed = _seasonal()
    changed[101:] = 1000.0
    one, other = (
        ETS()([], [], _origins(values, [100], num_training=60)) for values in (_seasonal(), changed)
    )
    np.testing.assert_allclose(one, other)


def test_without_statsmodels_the_command_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.exponential_smoothing.ets", None)
    with pytest.raises(ImportError, match="statsmodels is not installed: python -m pip install"):
        ETS()([], [], _origins(range(30), [9]))
    with pytest.raises(ValueError, match="`most_rows` must be positive. Received: most_rows=0"):
        ETS(most_rows=0)
