"""The calendar in the graph, against NumPy's."""

import numpy as np
import pytest
import tensorflow as tf

from kerasseq.data.series.calendar_signals import PERIODS, calendar_signals, civil, dates_after, days_of
from kerasseq.data.series.steps import Step

DAYS = np.arange(-200_000, 200_000, 37)


def test_days_are_dates_and_back():
    year, month, day = (part.numpy() for part in civil(tf.constant(DAYS)))
    dates = DAYS.astype("datetime64[D]")
    np.testing.assert_array_equal(year, dates.astype("datetime64[Y]").astype(int) + 1970)
    np.testing.assert_array_equal(month, dates.astype("datetime64[M]").astype(int) % 12 + 1)
    np.testing.assert_array_equal(day, (dates - dates.astype("datetime64[M]")).astype(int) + 1)
    np.testing.assert_array_equal(days_of(*civil(tf.constant(DAYS))).numpy(), DAYS)


@pytest.mark.parametrize("step", [Step(seconds=900), Step(months=1), Step(months=3), Step(months=12)])
def test_dates_ahead_are_those_of_the_step(step):
    seconds, steps = DAYS[::50] * 86400 + 3723, np.arange(-13, 15)
    expected = np.stack([step.after(one, steps) for one in seconds])
    np.testing.assert_array_equal(
        dates_after(tf.constant(seconds), tf.constant(steps), step).numpy(), expected
    )


def test_signals_are_the_sine_and_cosine_of_their_place():
    seconds = tf.constant(
        np.array(["2024-03-01T13:45:00", "1969-12-31T23:59:59"], "datetime64[s]").astype(int)
    )
    values = {"minute": (45, 59), "hour": (13, 23), "weekday": (4, 2), "day": (0, 30), "month": (2, 11)}
    values["year_day"] = (60, 364)
    assert set(values) == set(PERIODS)
    found = calendar_signals(seconds, list(values)).numpy()
    for place, (signal, expected) in enumerate(values.items()):
        angle = 2 * np.pi * np.array(expected) / PERIODS[signal]
        both = np.stack([np.sin(angle), np.cos(angle)], axis=1)
        np.testing.assert_allclose(found[:, 2 * place : 2 * place + 2], both, atol=1e-5)
