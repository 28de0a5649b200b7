"""The windows of one split of series."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from kerasseq.data.read_ahead import read_ahead
from kerasseq.data.series.dates import written
from kerasseq.data.series.grid import RegularSeries
from kerasseq.data.series.reader import SeriesReader
from kerasseq.specs import KnownSeries, Origin, Raw, Truth

FIELDS = ("history", "target")


class SeriesSplit:
    """The windows of one split: every origin whose whole forecast lies within it.

    Args:
        reader: What was learned of the series.
        series: All series, whole.
        span: The split's first date, and where it is over.
        reaches_back: Whether the history may lie before the split.
        num_training: For each series the rows of the training part.
        batch_size: Windows a batch; the last batch may be smaller.
        stride: Rows from one origin to the next.
        shuffle: Whether training visits windows in a new order each epoch.
    """

    fields = FIELDS
    is_of_examples = False
    is_grouped = False

    def __init__(
        self,
        *,
        reader: SeriesReader,
        series: Sequence[RegularSeries],
        span: tuple[int, int],
        reaches_back: bool,
        num_training: Sequence[int],
        batch_size: int,
        stride: int,
        shuffle: bool,
    ):
        self._reader, self._series, self._num_training = reader, series, num_training
        self.batch_size, self._shuffle = batch_size, shuffle
        self._places = np.array([reader.place(one.name) for one in series])
        tables = [reader.table(one, place) for one, place in zip(series, self._places, strict=True)]
        self._values, self._known = (np.concatenate(parts) for parts in zip(*tables, strict=True))
        self._offsets = np.cumsum([0, *(len(one.values) for one in series)])[:-1]
        found = [self._origins(one, span, reaches_back, stride) for one in series]
        self._which = np.repeat(np.arange(len(series)), list(map(len, found)))
        self._rows = np.concatenate(found)  # of the last known row, within its series
        has_target = np.isfinite(self._target(np.arange(len(self._rows)))).any(axis=(1, 2))
        self._which, self._rows = self._which[has_target], self._rows[has_target]
        self.num_examples = len(self._rows)
        self.steps = -(-self.num_examples // batch_size)

    def _origins(
        self, series: RegularSeries, span: tuple[int, int], reaches_back: bool, stride: int
    ) -> np.ndarray:
        first, after = series.row(span[0]), series.row(span[1])
        earliest = max(first - 1, self._reader.context - 1 + (0 if reaches_back else first))
        return np.arange(earliest, after - self._reader.horizon, stride)

    @property
    def order(self) -> np.ndarray:
        """Windows come as they are numbered."""
        return np.arange(self.num_examples)

    def lengths(self, field: str) -> np.ndarray:
        """Rows of history of each window."""
        return np.full(self.num_examples, self._reader.context)

    @cached_property
    def origins(self) -> list[Origin]:
        """Where each forecast begins, with what was known there."""
        num_targets, reader = len(self._reader.targets), self._reader
        known = [
            KnownSeries(
                values=one.values[:, :num_targets],
                season=reader.season,
                horizon=reader.horizon,
                num_training=number,
            )
            for one, number in zip(self._series, self._num_training, strict=True)
        ]
        names = [one.name or ", ".join(reader.targets) for one in self._series]
        return [
            Origin(f"{names[place]} {date}", series=known[place], row=row)
            for place, row, date in zip(
                self._which.tolist(), self._rows.tolist(), written(self._dates()), strict=True
            )
        ]

    @cached_property
    def truths(self) -> list[Truth]:
        """What came behind each origin, in raw units; None where a value is missing."""
        num_targets = len(self._reader.targets)
        raw = np.concatenate([one.values[:, :num_targets] for one in self._series])
        scale = self._reader.scale.scale[:, :num_targets]
        steps = np.arange(1, self._reader.horizon + 1)
        found = raw[(self._offsets[self._which] + self._rows)[:, None] + steps]  # (windows, horizon, targets)
        found = found[..., 0] if num_targets == 1 else found
        lists = np.where(np.isnan(found), None, found).tolist()
        facts = [
            {"scale": scale[place].tolist(), "naive_error": self._reader.naive_error[place].tolist()}
            for place in self._places
        ]
        return [Truth(one, **facts[place]) for one, place in zip(lists, self._which.tolist(), strict=True)]

    def _dates(self) -> np.ndarray:
        firsts = np.array([one.first for one in self._series])[self._which]
        return self._reader.step.after(firsts, self._rows)

    def batches(self, *, seed: int, epoch: int, training: bool, skip: int = 0) -> tf.data.Dataset:
        """Every window once, as `history` and `target`, scaled.

        Args:
            seed: Of the run, not negative; with `epoch` it alone decides the order of training.
            epoch: Counted from 0.
            training: Whether to shuffle; else windows come by date.
            skip: Batches to leave out at the start, to resume within an epoch.
        """
        return self._dataset(lambda: self._batched(seed, epoch, training, skip), max(self.steps - skip, 0))

    def epochs(self, *, seed: int, first: int, last: int, skip: int = 0) -> tf.data.Dataset:
        """The training batches of the epochs from `first` to `last`, exclusive, one after the other.

        The first epoch lacks the `skip` batches at its start.
        """

        def make() -> Iterator[np.ndarray]:
            for epoch in range(first, last):
                yield from self._batched(seed, epoch, True, skip if epoch == first else 0)

        return self._dataset(make, self.steps * (last - first) - skip)

    def _dataset(self, make: Callable[[], Iterator[np.ndarray]], number: int) -> tf.data.Dataset:
        target = Raw("float32", (None, self._reader.horizon, len(self._reader.targets)))
        specs = {"history": self._reader.spec, "target": target}
        shapes = tf.nest.map_structure(lambda raw: tf.TensorSpec(raw.shape, raw.dtype), specs)
        batches = tf.data.Dataset.from_generator(
            lambda: (self._batch(windows) for windows in make()), output_signature=shapes
        )
        return read_ahead(batches, number)

    def _batched(self, seed: int, epoch: int, training: bool, skip: int) -> Iterator[np.ndarray]:
        order = np.arange(self.num_examples)
        if training and self._shuffle:
            np.random.default_rng((seed, epoch)).shuffle(order)
        size = self.batch_size
        yield from (order[first : first + size] for first in range(skip * size, len(order), size))

    def _batch(self, windows: np.ndarray) -> dict[str, Any]:
        reader, which = self._reader, self._which[windows]
        last = (self._offsets[which] + self._rows[windows])[:, None]
        past = np.arange(1 - reader.context, 1)
        return {
            "history": {
                "values": self._values[last + past],
                "known": self._known[last + np.arange(1 - reader.context, reader.horizon + 1)],
                "static": reader.statics.vectors[self._places[which]].astype(np.float32),
                "series": self._places[which].astype(np.int32),
                "time": reader.step.after(
                    np.array([one.first for one in self._series])[which], self._rows[windows]
                ),
            },
            "target": self._target(windows),
        }

    def _target(self, windows: np.ndarray) -> np.ndarray:
        last = self._offsets[self._which[windows]] + self._rows[windows]
        steps = np.arange(1, self._reader.horizon + 1)
        return self._values[last[:, None] + steps][..., : len(self._reader.targets)]
