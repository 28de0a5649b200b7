"""Sales of two shops in the layout that docs/forecasting.md describes."""

import datetime

FIRST = datetime.date(2023, 1, 1)
DAYS, AHEAD = 120, 7
HEAD = "day,shop,sales,promotion\n"


def _row(day, shop, sales):
    date = FIRST + datetime.timedelta(days=day)
    return f"{date:%d.%m.%Y},{shop},{sales},{int(day % 5 == 0)}\n"


def _sales(day, shop):
    return "NA" if day == 1 else 100 + 10 * (shop == "south") + 5 * (day % 7) + 20 * (day % 5 == 0)


def write_sales(folder):
    """Writes `shops.csv`, and `tomorrow.csv` with rows to forecast."""
    shops = ("north", "south")
    rows = [_row(day, shop, _sales(day, shop)) for shop in shops for day in range(DAYS)]
    (folder / "shops.csv").write_text(HEAD + "".join(rows), "utf-8")
    rows = [
        _row(day, shop, _sales(day, shop) if day < DAYS else "")
        for shop in shops
        for day in range(DAYS - 30, DAYS + AHEAD)
    ]
    (folder / "tomorrow.csv").write_text(HEAD + "".join(rows), "utf-8")
