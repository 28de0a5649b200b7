"""What a forecaster knows of its series, and how it reads them: columns, scales, names, statics."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerasseq.data.faults import data_error
from kerasseq.data.series.calendar_signals import calendar_signals, dates_after
from kerasseq.data.series.dates import written
from kerasseq.data.series.grid import RegularSeries, on_grid
from kerasseq.data.series.scales import Scale, Static, learn_scales, learn_static, naive_errors
from kerasseq.data.series.steps import Step
from kerasseq.data.series.windows import Window, last_windows, window_of
from kerasseq.run_folder import write_text
from kerasseq.specs import Raw

ALL = 0  # the row of what holds for all series together, which unknown ones are read by


class SeriesReader(tf.Module):
    """The columns of a forecaster and what it learned of them; a SavedModel that uses it carries its names.

    Args:
        source: Where series are read from.
        columns: By role the names of columns: `target`, `covariates`, `known` and `static`.
        calendar: What dates say of themselves.
        context: Rows of history.
        horizon: Rows that are forecast.
        season: Rows of a season; null: the one that comes with the step.
        scaler: `standard`, `minmax` or `none`.
        missing: `error`, `interpolate` or `mask`.
    Attributes:
        step: The time between two rows, learned.
        names: The series of the training part, learned.
    """

    max_length = None
    most_ids = None
    size_option = ()

    def __init__(
        self,
        *,
        source: Any,
        columns: Mapping[str, Sequence[str]],
        calendar: Sequence[str],
        context: int,
        horizon: int,
        season: int | None,
        scaler: str,
        missing: str,
    ):
        super().__init__()
        self.source = source
        self.targets, self.covariates, self.known, self.static = (
            tuple(columns[role]) for role in ("target", "covariates", "known", "static")
        )
        self.calendar = tuple(calendar)
        self.context, self.horizon, self.missing = context, horizon, missing
        self._season, self._scaler = season, scaler
        self.options = {"type": "series", "scaler": scaler, "missing": missing}
        self.step = Step()
        self.names: tuple[str, ...] = ()
        self.scale = self.statics = None
        self.naive_error = np.ones((1, len(self.targets)))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of numbers: targets, covariates and what is known of the future."""
        return (*self.targets, *self.covariates, *self.known)

    @property
    def is_of_several(self) -> bool:
        """Whether series have names."""
        return tuple(self.names) != ("",)

    @property
    def season(self) -> int:
        """Rows of a season."""
        return self._season or self.step.season

    @property
    def num_features(self) -> int:
        """Targets and covariates, which the history holds."""
        return len(self.targets) + len(self.covariates)

    @property
    def num_known(self) -> int:
        """What is known of the future: columns, and two numbers for each word of the calendar."""
        return len(self.known) + 2 * len(self.calendar)

    @property
    def num_static(self) -> int:
        """Numbers that a series has once."""
        return self.statics.vectors.shape[1]

    @property
    def vocabulary_size(self) -> int:
        """How many series there are."""
        return len(self.names)

    @property
    def spec(self) -> dict[str, Raw]:
        """What a batch of windows is."""
        return {
            "values": Raw("float32", (None, self.context, self.num_features)),
            "known": Raw("float32", (None, self.context + self.horizon, self.num_known)),
            "static": Raw("float32", (None, self.num_static)),
            "series": Raw("int32", (None,)),
            "time": Raw("int64", (None,)),
        }

    def learn(self, series: Sequence[RegularSeries], end: int) -> None:
        """Takes scales, names and statics from what is earlier than `end`, and from nothing else."""
        parts = [one.values[: one.row(end)] for one in series]
        self.step = series[0].step
        self.names = tuple(one.name for one in series)
        self.scale = learn_scales(self._scaler, parts)
        self.statics = learn_static(self.static, [one.texts for one in series])
        self.naive_error = naive_errors([part[:, : len(self.targets)] for part in parts], self.season)
        self._look_up()

    def save(self, path: Path) -> None:
        """Writes what was learned, as JSON."""
        learned = {
            "step": self.step._asdict(),
            "series": self.names,
            "columns": self.columns,
            "shift": self.scale.shift.tolist(),
            "scale": self.scale.scale.tolist(),
            "naive_error": self.naive_error.tolist(),
            "static": self.statics.as_json(),
        }
        write_text(Path(path), json.dumps(learned, ensure_ascii=False, indent=1) + "\n")

    def load(self, path: Path) -> None:
        """Reads what `save` wrote.

        Raises:
            DataError: If it is not there, broken, or of other columns.
        """
        try:
            learned = json.loads(Path(path).read_text("utf-8"))
            self.step, self.names = Step(**learned["step"]), tuple(learned["series"])
            self.scale = Scale(np.array(learned["shift"]), np.array(learned["scale"]))
            self.naive_error = np.array(learned["naive_error"], np.float64)
            self.statics = Static.of_json(learned["static"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            fix = "run the recipe again with --fresh"
            raise data_error(
                f"what was learned of the series cannot be read: {error}", place=path, fix=fix
            ) from error
        if tuple(learned["columns"]) != self.columns:
            raise data_error(f"it is of other columns: {', '.join(learned['columns'])}", place=path)
        self._look_up()

    def _look_up(self) -> None:
        keys, values = tf.constant(self.names, tf.string), tf.range(1, len(self.names) + 1)
        entries = tf.lookup.KeyValueTensorInitializer(keys, values)
        self._table = tf.lookup.StaticHashTable(entries, default_value=ALL)

    def series_of(self, rows: Any = None, *, keeps_tail: bool = False) -> list[RegularSeries]:
        """The series of the source, or of rows that were read by it, on their grid.

        Raises:
            DataError: Names the file and line of what is wrong.
        """
        read = self.source.read(numbers=self.columns, texts=self.static, rows=rows)
        self.num_skipped = read.skipped
        return on_grid(
            read,
            columns=self.columns,
            static=self.static,
            num_targets=len(self.targets),
            missing=self.missing,
            step=self.step if keeps_tail else None,
            keeps_tail=keeps_tail,
        )

    def windows(self, lines: Iterable[str]) -> list[Window]:
        """The last window of each series in a file's lines; see `last_windows`."""
        return last_windows(self, lines)

    def window(self, given: Any) -> Window:
        """A window from what Python code gives for it; see `window_of`."""
        return given if isinstance(given, Window) else window_of(self, given)

    def encode(self, windows: Sequence[Window]) -> dict[str, tf.Tensor]:
        """Windows as a batch."""
        ids = self.ids([window.name for window in windows])
        history, known = (np.stack([getattr(one, part) for one in windows]) for part in ("history", "known"))
        batch = self.batch_of(
            history=tf.constant(history, tf.float32),
            known=tf.constant(known, tf.float32),
            seconds=tf.constant([window.seconds for window in windows], tf.int64),
            series=ids,
        )
        if self.static:
            places = zip(windows, ids.numpy().tolist(), strict=True)
            vectors = [
                self.statics.vectors[place] if one.static is None else self.statics.vector(one.static)
                for one, place in places
            ]
            batch["static"] = tf.constant(np.stack(vectors), tf.float32)
        return batch

    def served(
        self, *, history: tf.Tensor, known: Any = None, time: Any = None, series: Any = None
    ) -> dict[str, tf.Tensor]:
        """What a SavedModel is given as a batch, in the graph."""
        size = tf.shape(history)[0]
        known = tf.zeros((size, self.context + self.horizon, 0)) if known is None else known
        series = tf.ones((size,), tf.int32) if series is None else self.ids(series)
        time = tf.zeros((size,), tf.int64) if time is None else time
        return self.batch_of(history=history, known=known, seconds=time, series=series)

    def ids(self, names: Any) -> tf.Tensor:
        """The places of series by their names, (batch,) strings to int32; `ALL` of unknown ones."""
        return self._table.lookup(tf.convert_to_tensor(names, tf.string))

    def batch_of(
        self, *, history: tf.Tensor, known: tf.Tensor, seconds: tf.Tensor, series: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        """Raw windows as a batch, in the graph: scaled, and with what the calendar says."""
        shift, scale = (tf.constant(part, tf.float32) for part in self.scale)
        shift, scale = (tf.gather(part, series)[:, None] for part in (shift, scale))  # (batch, 1, columns)
        cut = self.num_features
        parts = [(known - shift[..., cut:]) / scale[..., cut:]]
        if self.calendar:
            steps = tf.range(1 - self.context, self.horizon + 1, dtype=tf.int64)
            parts.append(calendar_signals(dates_after(seconds, steps, self.step), self.calendar))
        return {
            "values": (history - shift[..., :cut]) / scale[..., :cut],
            "known": tf.concat(parts, axis=-1),
            "static": tf.gather(tf.constant(self.statics.vectors, tf.float32), series),
            "series": series,
            "time": seconds,
        }

    def dates(self, seconds: np.ndarray) -> list[list[str]]:
        """For each origin, (batch,), the date of each step that is forecast."""
        steps = np.arange(1, self.horizon + 1)
        dates = self.step.after(np.asarray(seconds)[:, None], steps)
        texts = written(dates.ravel()) if dates.size else []
        return [texts[first : first + self.horizon] for first in range(0, len(texts), self.horizon)]

    def place(self, name: str) -> int:
        """The place of a series by its name; `ALL` of an unknown one."""
        return list(self.names).index(name) + 1 if name in self.names else ALL

    def called(self, place: int) -> str:
        """How a series is called: by its name, or by what is forecast of it."""
        name = self.names[place - 1] if place else ""
        return name or ", ".join(self.targets)

    @property
    def decimals(self) -> int:
        """How many decimals of a forecast say something: six digits of what is usual."""
        sizes = np.abs(self.scale.scale[ALL]) + np.abs(self.scale.shift[ALL])
        return max(0, 6 - math.ceil(math.log10(float(sizes[: len(self.targets)].min()))))

    def table(self, series: RegularSeries, place: int) -> tuple[np.ndarray, np.ndarray]:
        """A whole series, scaled: (rows, features) and (rows, known) float32."""
        scaled = self.scale.apply(series.values, place)
        known = [scaled[:, self.num_features :]]
        if self.calendar:
            dates = self.step.after(series.first, np.arange(len(scaled)))
            known.append(calendar_signals(tf.constant(dates), self.calendar).numpy())
        return scaled[:, : self.num_features].astype(np.float32), np.concatenate(known, 1).astype(np.float32)
