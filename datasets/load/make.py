"""Makes load.csv: five years of the daily electricity load of three regions.

    python make.py [FOLDER]

The load has a trend, a week, a year and holidays, and people heat when it is cold and cool when it is hot.
The temperature in the file is a forecast; the load follows the weather as it then was, and has a memory:
what is unusual one day is partly so the next. Regions differ in their size, in their weeks and in what
weather does.
"""

import datetime
import math
import random
import sys
from pathlib import Path

SEED = 4
FIRST, LAST = datetime.date(2019, 1, 1), datetime.date(2023, 12, 31)
REGIONS = {  # base in MW, kind, share of the load that rests at weekends, heating and cooling in MW a degree
    "coast": (820.0, "service", 0.10, 9.0, 16.0),
    "hills": (410.0, "rural", 0.05, 11.0, 2.0),
    "plain": (1240.0, "industry", 0.24, 12.0, 9.0),
}
FIXED_HOLIDAYS = [(1, 1), (5, 1), (8, 15), (10, 3), (11, 1), (12, 25), (12, 26)]
HEATED_BELOW, COOLED_ABOVE = 15.0, 21.0


def easter(year):
    """Easter Sunday, by the rule of the Gregorian calendar."""
    golden, century = year % 19, year // 100
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    rest = (32 + 2 * (century % 4) + 2 * (year % 100 // 4) - moon - year % 100 % 4) % 7
    month, day = divmod(moon + rest - 7 * ((golden + 11 * moon + 22 * rest) // 451) + 114, 31)
    return datetime.date(year, month, day + 1)


def holidays(year):
    """All days off of a year."""
    sunday = easter(year)
    movable = {sunday + datetime.timedelta(days=days) for days in (-2, 1, 39, 50)}
    return movable | {datetime.date(year, month, day) for month, day in FIXED_HOLIDAYS}


def region(rng, name):
    """The rows of one region."""
    base, kind, rest, heating, cooling = REGIONS[name]
    weather, unusual, rows = 0.0, 0.0, []
    date = FIRST
    while date <= LAST:
        years = (date - FIRST).days / 365.25
        season = math.cos(2 * math.pi * (date.timetuple().tm_yday - 200) / 365.25)
        weather = 0.8 * weather + rng.gauss(0, 2.0)
        actual = 11 + 10 * season + weather
        expected = actual + rng.gauss(0, 1.0)
        is_holiday = date in holidays(date.year)
        weekday = date.weekday()
        idle = rest * {5: 0.7, 6: 1.0}.get(weekday, 0.08 if weekday == 4 else 0.0)
        if is_holiday:
            idle = max(idle, 1.1 * rest)
        unusual = 0.7 * unusual + rng.gauss(0, 0.008)
        load = base * (1 + 0.02 * years) * (1 - idle) * (1 + unusual)
        load += heating * max(HEATED_BELOW - actual, 0) + cooling * max(actual - COOLED_ABOVE, 0)
        rows.append(f"{date},{name},{kind},{load:.1f},{expected:.1f},{int(is_holiday)}\n")
        date += datetime.timedelta(days=1)
    return rows


def make(folder):
    """Writes the file."""
    rng = random.Random(SEED)
    rows = [row for name in REGIONS for row in region(rng, name)]
    text = "date,region,kind,load,temperature,holiday\n" + "".join(rows)
    Path(folder, "load.csv").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
