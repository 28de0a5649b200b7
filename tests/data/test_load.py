"""The load that ships: made again exactly, and with what its README says is in it."""

import csv
import datetime
import importlib.util

import numpy as np
import pytest

from kerasseq.shipped import shipped_folder

FOLDER = shipped_folder("datasets") / "load"


@pytest.fixture(scope="module")
def make():
    specification = importlib.util.spec_from_file_location("make_load", FOLDER / "make.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows():
    with (FOLDER / "load.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_script_makes_the_file_again(make, tmp_path):
    make.make(tmp_path)
    assert (tmp_path / "load.csv").read_bytes() == (FOLDER / "load.csv").read_bytes()


def test_every_day_of_every_region_is_there_once(make, rows):
    days = [(row["region"], row["date"]) for row in rows]
    assert len(set(days)) == len(days) == 3 * 1826
    assert {row["region"] for row in rows} == set(make.REGIONS)
    assert days == sorted(days)


def test_easter_is_when_it_was(make):
    dates = [make.easter(year).isoformat() for year in range(2019, 2024)]
    assert dates == ["2019-04-21", "2020-04-12", "2021-04-04", "2022-04-17", "2023-04-09"]


def test_the_load_has_a_trend_a_week_and_holidays(rows):
    load = np.array([float(row["load"]) for row in rows]).reshape(3, -1)
    is_holiday = np.array([row["holiday"] == "1" for row in rows]).reshape(3, -1)
    dates = [datetime.date.fromisoformat(row["date"]) for row in rows[: load.shape[1]]]
    weekday = np.array([date.weekday() for date in dates])
    year = np.array([date.year for date in dates])
    assert (load[:, year == 2023].mean(1) > 1.04 * load[:, year == 2019].mean(1)).all()
    for weekend in (5, 6):
        assert (load[:, weekday == weekend].mean(1) < load[:, weekday == 2].mean(1)).all()
    working = ~is_holiday & (weekday < 4)
    free = is_holiday & (weekday < 4)
    assert (np.where(free, load, np.nan)[:, free[0]].mean(1) < load[:, working[0]].mean(1)).all()
    assert 50 < is_holiday[0].sum() <= 55
