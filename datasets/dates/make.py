"""Makes train.tsv, validation.tsv and test.tsv: dates as people write them, and the same dates in ISO 8601.

    python make.py [FOLDER]

Every source has one right answer, whoever reads it: two-digit years stand with a month's name or in dotted,
day-first dates only, and all years are 1950 to 2049; a slash date is written only where one of its two
readings is no date, or both are the same.
"""

import datetime
import random
import sys
from pathlib import Path

SIZES = {"train": 15_000, "validation": 1_000, "test": 1_000}
FIRST, LAST = datetime.date(1950, 1, 1), datetime.date(2049, 12, 31)
SEED = 1950

MONTHS = {
    "en": "January February March April May June July August September October November December",
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "it": "gennaio febbraio marzo aprile maggio giugno luglio agosto settembre ottobre novembre dicembre",
    "nl": "januari februari maart april mei juni juli augustus september oktober november december",
}
SHORT = {
    "en": "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec",
    "de": "Jan. Feb. März Apr. Mai Juni Juli Aug. Sept. Okt. Nov. Dez.",
    "fr": "janv. févr. mars avr. mai juin juil. août sept. oct. nov. déc.",
    "es": "ene. feb. mar. abr. may. jun. jul. ago. sept. oct. nov. dic.",
    "it": "gen. feb. mar. apr. mag. giu. lug. ago. set. ott. nov. dic.",
    "nl": "jan. feb. mrt. apr. mei juni juli aug. sept. okt. nov. dec.",
}
WEEKDAYS = {
    "en": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "de": "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
    "fr": "lundi mardi mercredi jeudi vendredi samedi dimanche",
    "es": "lunes martes miércoles jueves viernes sábado domingo",
    "it": "lunedì martedì mercoledì giovedì venerdì sabato domenica",
    "nl": "maandag dinsdag woensdag donderdag vrijdag zaterdag zondag",
}
# {d} day, {dd} two-digit day, {o} day in the language's ordinal, {M} month's name, {S} its abbreviation,
# {y} year, {yy} two-digit year, {m} and {mm} month's number, {w} weekday.
NAMED = {
    "en": [
        "{d} {M} {y}",
        "{o} {M} {y}",
        "{o} of {M} {y}",
        "the {o} of {M}, {y}",
        "{M} {d}, {y}",
        "{M} {o}, {y}",
        "{S} {d}, {y}",
        "{d} {S} {y}",
        "{d} {S} '{yy}",
        "{S} {d}, '{yy}",
        "{d}-{S}-{y}",
        "{y} {S} {d}",
        "{w}, {M} {d}, {y}",
        "{w} {d} {M} {y}",
        "{w}, {o} of {M} {y}",
    ],
    "de": [
        "{d}. {M} {y}",
        "{dd}. {M} {y}",
        "{d}. {S} {y}",
        "{d}. {M} '{yy}",
        "{w}, {d}. {M} {y}",
        "{w}, den {d}. {M} {y}",
    ],
    "fr": ["{o} {M} {y}", "le {o} {M} {y}", "{o} {S} {y}", "{w} {o} {M} {y}", "le {w} {o} {M} {y}"],
    "es": ["{d} de {M} de {y}", "{d} de {M} del {y}", "{d} {S} {y}", "{w}, {d} de {M} de {y}"],
    "it": ["{o} {M} {y}", "il {o} {M} {y}", "{o} {S} {y}", "{w} {o} {M} {y}"],
    "nl": ["{d} {M} {y}", "{dd} {M} {y}", "{d} {S} {y}", "{w} {d} {M} {y}", "{d} {M} '{yy}"],
}
NUMERIC = [
    "{y}-{mm}-{dd}",
    "{y}/{mm}/{dd}",
    "{y}.{mm}.{dd}",
    "{y}{mm}{dd}",
    "{dd}.{mm}.{y}",
    "{d}.{m}.{y}",
    "{d}.{m}.{yy}",
]
SLASHED = ["{dd}/{mm}/{y}", "{d}/{m}/{y}", "{mm}/{dd}/{y}", "{m}/{d}/{y}"]


def ordinal(day, language):
    """`3rd` in English, `1er` and `1º` for the first of the month in French and Italian, else the number."""
    if language == "en":
        return f"{day}{'th' if 11 <= day <= 13 else {1: 'st', 2: 'nd', 3: 'rd'}.get(day % 10, 'th')}"
    return {"fr": "1er", "it": "1º"}.get(language, "1") if day == 1 else str(day)


def write(date, pattern, language="en"):
    """The date in one way of writing it."""
    return pattern.format(
        d=date.day,
        dd=f"{date.day:02}",
        o=ordinal(date.day, language),
        m=date.month,
        mm=f"{date.month:02}",
        M=MONTHS[language].split()[date.month - 1],
        S=SHORT[language].split()[date.month - 1],
        w=WEEKDAYS[language].split()[date.weekday()],
        y=date.year,
        yy=f"{date.year % 100:02}",
    )


def draw(date, rng):
    """The date in a way of writing it that leaves no doubt."""
    kind = rng.choices(["named", "numeric", "slashed"], weights=[6, 2, 1])[0]
    if kind == "slashed" and (date.day > 12 or date.day == date.month):
        return write(date, rng.choice(SLASHED))
    if kind == "named":
        language = rng.choices(list(NAMED), weights=[3, 1, 1, 1, 1, 1])[0]
        text = write(date, rng.choice(NAMED[language]), language)
        return rng.choices([text, text.lower(), text.upper()], weights=[8, 1, 1])[0]
    return write(date, rng.choice(NUMERIC))


def make(folder):
    """Writes the three files; a date stands in one of them only."""
    rng = random.Random(SEED)
    dates = [FIRST + datetime.timedelta(days) for days in range((LAST - FIRST).days + 1)]
    rng.shuffle(dates)
    tenth = len(dates) // 10
    parts = {"test": dates[:tenth], "validation": dates[tenth : 2 * tenth], "train": dates[2 * tenth :]}
    for split, size in SIZES.items():
        pairs = {}
        while len(pairs) < size:
            date = rng.choice(parts[split])
            pairs.setdefault(draw(date, rng), date.isoformat())
        text = "".join(f"{source}\t{target}\n" for source, target in pairs.items())
        Path(folder, f"{split}.tsv").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
