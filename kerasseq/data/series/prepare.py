"""Series in windows: a history that is read, and behind it what is to be forecast."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np

from kerasseq import registry
from kerasseq.data.faults import data_error
from kerasseq.data.prepare import TRAIN, PreparedData, load_vocabularies, save_vocabularies
from kerasseq.data.series.borders import Borders
from kerasseq.data.series.calendar_signals import Signal
from kerasseq.data.series.grid import RegularSeries
from kerasseq.data.series.inspection import Rows, inspect_series
from kerasseq.data.series.reader import SeriesReader
from kerasseq.data.series.split import FIELDS, SeriesSplit
from kerasseq.data.token_cache import checksum
from kerasseq.specs import (
    Options,
    PositiveInt,
    Source,
    Supplied,
    check_arguments,
)

SERIES = "series"  # the one feature, whose file in the run folder's vocabulary/ is series.txt
Cut = Annotated[Any, Options("kerasseq.data.series.borders:Borders")]


def prepare_series(
    *,
    source: Source,
    target: str | list[str],
    covariates: list[str] = (),
    known: list[str] = (),
    static: list[str] = (),
    calendar: list[Signal] = (),
    context: PositiveInt = 48,
    horizon: PositiveInt = 24,
    season: PositiveInt | None = None,
    scaler: Literal["standard", "minmax", "none"] = "standard",
    missing: Literal["error", "interpolate", "mask"] = "error",
    split: Cut = {},  # noqa: B006
    stride: PositiveInt = 1,
    evaluation_stride: PositiveInt = 1,
    batch_size: PositiveInt = 32,
    shuffle: bool = True,
    fields: Supplied[Sequence[str]] = FIELDS,
    folders: Supplied[Sequence[Path] | None] = None,
    vocabulary_folder: Supplied[Path | None] = None,
    splits: Supplied[Sequence[str] | None] = None,
) -> PreparedData:
    """Reads series, cuts them by time, scales them and deals them out in windows.

    Args:
        source: Where series come from.
        target: The column that is forecast, or several.
        covariates: Columns that are known up to where a forecast begins.
        known: Columns whose future is known as well, such as prices or holidays.
        static: Columns that a series has once: numbers, or categories.
        calendar: What is read off the dates: minute, hour, weekday, day, month, year_day.
        context: Rows of history that a forecast is made from.
        horizon: Rows that are forecast.
        season: Rows of a season, for baselines and MASE; null: a day of hours or minutes, a week of days, a
            year of weeks, months or quarters.
        scaler: How columns are scaled, by the training part of each series; forecasts are scaled back.
        missing: Stop at missing values and rows; or fill them within the history (interpolate), or carry the
            last value on and tell the model so (mask). Missing targets are never learned or measured.
        split: Where validation and test begin.
        stride: Rows from one training window to the next.
        evaluation_stride: The same, where a split is measured.
        batch_size: Windows a batch.
        shuffle: Whether training visits windows in a new order each epoch.
        fields: What the task reads.
        folders: Where relative paths are looked up.
        vocabulary_folder: What a run learned of its series: read where it is there, else learned and written.
        splits: Which splits to prepare; all unless given.
    Raises:
        DataError: If the data cannot be read as asked, or a split has no window.
    """
    sizes = {
        "context": context, "horizon": horizon, "stride": stride, "evaluation_stride": evaluation_stride,
        "season": season, "batch_size": batch_size,
    }  # fmt: skip
    check_arguments(prepare_series, **sizes, scaler=scaler, missing=missing)
    section = {
        "source": source, "target": target, "covariates": covariates, "known": known, "static": static,
        "calendar": calendar, "context": context, "horizon": horizon, "season": season, "scaler": scaler,
        "missing": missing,
    }  # fmt: skip
    features = features_of(section, fields=fields, folders=folders)
    reader = features[SERIES]
    series = reader.series_of()
    spans = _spans(split, series)
    end_of_training = spans[TRAIN][1]
    _learn_or_load(features, series, end_of_training, vocabulary_folder)
    checksums = {str(file): checksum(file) for file in reader.source.files()}
    prepared = PreparedData(features=features, checksums=checksums)
    for name in spans:
        if splits is not None and name not in splits:
            continue
        is_training = name == TRAIN
        prepared.splits[name] = SeriesSplit(
            reader=reader,
            series=series,
            span=spans[name],
            reaches_back=not is_training,
            num_training=[one.row(end_of_training) for one in series],
            batch_size=batch_size,
            stride=stride if is_training else evaluation_stride,
            shuffle=shuffle,
        )
        prepared.counts[name] = _counts(name, prepared.splits[name], series, spans[name], reader)
    return prepared


def _learn_or_load(
    features: Mapping[str, SeriesReader],
    series: Sequence[RegularSeries],
    end_of_training: int,
    folder: Path | None,
) -> None:
    if folder is not None and (Path(folder) / f"{SERIES}.txt").is_file():
        load_vocabularies(features, folder)
        return
    features[SERIES].learn(series, end_of_training)
    if folder is not None:
        save_vocabularies(features, folder)


def _spans(split: Any, series: Sequence[RegularSeries]) -> dict[str, tuple[int, int]]:
    try:
        borders = split if isinstance(split, Borders) else Borders(**split)
    except ValueError as error:
        raise data_error(f"`data.split`: {error}") from error
    step = series[0].step
    dates = [step.after(one.first, np.arange(len(one.values))) for one in series]
    return borders.spans(np.unique(np.concatenate(dates)))


def features_of(
    section: Mapping[str, Any], *, fields: Sequence[str] = FIELDS, folders: Sequence[Path] | None = None
) -> dict[str, SeriesReader]:
    """The reader that a data section describes, which has learned nothing yet.

    Raises:
        DataError: If options contradict each other.
    """
    try:
        source = registry.create("source", section["source"], fields=fields, folders=folders)
    except ValueError as error:
        raise data_error(f"`data.source`: {error}") from error
    if not hasattr(source, "rows_of"):
        raise data_error("`data.source` has examples, not series", fix="give `type: series`")
    target = section["target"]
    columns = {
        "target": [target] if isinstance(target, str) else list(target),
        **{role: list(section[role]) for role in ("covariates", "known", "static")},
    }
    roles: dict[str, str] = {}
    for role, names in columns.items():
        for name in names:
            if name in roles:
                message = f"`data.{role}` names {name!r}, which `data.{roles[name]}` names already"
                raise data_error(message, fix="give each column one part to play")
            roles[name] = role
    if not columns["target"]:
        raise data_error("`data.target` names no column")
    options = {
        name: section[name] for name in ("calendar", "context", "horizon", "season", "scaler", "missing")
    }
    return {SERIES: SeriesReader(source=source, columns=columns, **options)}


def examine(
    section: Mapping[str, Any], *, fields: Sequence[str], folders: Sequence[Path]
) -> tuple[list[Rows], list[str]]:
    """What `doctor` tells of a data section; see `inspect_series`."""
    lenient = {**section, "source": {**section["source"], "on_bad_line": "skip"}, "missing": "mask"}
    reader = features_of(lenient, fields=fields, folders=folders)[SERIES]
    series = reader.series_of()
    return inspect_series(reader, series, _spans(section["split"], series))


def _counts(
    name: str,
    split: SeriesSplit,
    series: Sequence[RegularSeries],
    span: tuple[int, int],
    reader: SeriesReader,
) -> dict[str, int]:
    if not split.num_examples:
        window = f"{reader.horizon} rows behind {reader.context}"
        message = f"the {name} split has no room for a forecast of {window}"
        fix = "lower `data.context` or `data.horizon`, or change `data.split`"
        raise data_error(message, fix=fix)
    rows = sum(one.row(span[1]) - one.row(span[0]) for one in series)
    lost = {"dropped_too_long": 0, "skipped_bad_lines": reader.num_skipped}
    return {"read": rows, "kept": split.num_examples, **lost}
