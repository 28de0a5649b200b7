"""What `doctor` tells about series: where they begin and end, what is missing, and how they are cut."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from kerasseq.data.inspection import MOST_BAD_LINES
from kerasseq.data.series.dates import written
from kerasseq.data.series.grid import RegularSeries
from kerasseq.data.series.reader import SeriesReader

MOST_SERIES = 20
MUCH_MISSING = 0.05
Rows = list[tuple[str, ...]]


def inspect_series(
    reader: SeriesReader, series: Sequence[RegularSeries], spans: Mapping[str, tuple[int, int]]
) -> tuple[list[Rows], list[str]]:
    """Tables of what there is, each with its header, and what to look at.

    Args:
        reader: From `features_of`, one that skips unusable rows and takes missing values.
        series: What it reads.
        spans: For each split its first date, and where it is over.
    """
    rows: Rows = [("series", "from", "to", "every", "rows", "missing rows", "missing targets")]
    for one in series[:MOST_SERIES]:
        first, last = written(np.array([one.date(0), one.date(len(one.values) - 1)]))
        name = one.name or ", ".join(reader.targets)
        counts = (len(one.values), one.num_added, _missing(one, reader))
        rows.append((name, first, last, str(one.step), *(f"{count:,}" for count in counts)))
    splits: Rows = [("split", "from", "to", "rows")]
    for name, (first, after) in spans.items():
        number = sum(one.row(after) - one.row(first) for one in series)
        last = max(one.date(one.row(after) - 1) for one in series)
        splits.append((name, *written(np.array([first, last])), f"{number:,}"))
    return [rows, splits, *_unusable(reader)], list(_advice(reader, series, spans))


def _missing(series: RegularSeries, reader: SeriesReader) -> int:
    return int(np.isnan(series.values[:, : len(reader.targets)]).any(axis=1).sum())


def _unusable(reader: SeriesReader) -> Iterator[Rows]:
    read = reader.source.rows(numbers=reader.columns, texts=reader.static)
    problems = [f"{row.place}: {row.problem}" for row in reader.source.dated(read) if row.problem]
    if problems:
        yield [(f"unusable rows: {len(problems):,}",), *((one,) for one in problems[:MOST_BAD_LINES])]


def _advice(
    reader: SeriesReader, series: Sequence[RegularSeries], spans: Mapping[str, tuple[int, int]]
) -> Iterator[str]:
    if len(series) > MOST_SERIES:
        yield f"there are {len(series):,} series, of which the first {MOST_SERIES} are shown"
    missing, rows = sum(_missing(one, reader) for one in series), sum(len(one.values) for one in series)
    if missing > MUCH_MISSING * rows:
        yield f"{missing / rows:.1%} of the rows have no target: they are neither learned nor measured"
    end = spans["train"][1]
    if late := [one.name for one in series if one.row(end) < reader.context + reader.horizon]:
        names = ", ".join(late[:MOST_SERIES])
        yield f"too short before {written(end)} to be learned from, and scaled as all series are: {names}"
    for place, column in enumerate(reader.columns):
        parts = [one.values[: one.row(end), place] for one in series]
        known = [part[np.isfinite(part)] for part in parts]
        if all(np.ptp(part) == 0 for part in known if len(part)):
            yield f"the column {column!r} is the same everywhere in the training part of each series"
