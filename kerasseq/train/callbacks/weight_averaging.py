"""Averaged weights, beside those that are trained."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras
from keras import ops

from kerasseq.registry import create
from kerasseq.train.callbacks.around_update import Apply, AroundUpdate


class WeightAveraging(AroundUpdate):
    """Keeps an average of the weights, updated at each training step, in the graph, or at the end of epochs.

    Training goes on with the weights themselves. `measured` and `in_place` put the average in their place.

    Args:
        averaging: A name from `train/averaging/`, a mapping with its options, or an average.
    Attributes:
        variables: The averages and what the averaging counts, for `Checkpoints`; none before `build`.
    """

    rank = 1

    def __init__(self, averaging: Any = "ema"):
        super().__init__()
        self.average = create("averaging", averaging)
        self.weights: list[keras.Variable] = []
        self.averages: list[keras.Variable] = []
        self._has_ended = False

    @property
    def variables(self) -> list[keras.Variable]:
        return [*self.averages, *self.average.variables] if self.averages else []

    def build(self, weights: list[keras.Variable]) -> None:
        """Starts from the weights as they are."""
        self.weights = list(weights)
        self.averages = [
            keras.Variable(ops.copy(weight.value), trainable=False, name=f"average_{index}")
            for index, weight in enumerate(weights)
        ]
        if hasattr(self.average, "build"):
            self.average.build(self.weights)

    def on_train_begin(self, logs: dict | None = None) -> None:
        if not self.averages:
            self.build(self.model.trainable_variables)
        super().on_train_begin(logs)

    def around(self, apply: Apply, gradients: list[Any], variables: Any) -> None:
        apply(gradients, variables)
        if hasattr(self.average, "share"):
            self._step()

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self._has_ended = False

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self._end_epoch()
        self.average.observe(logs or {})

    def _end_epoch(self) -> None:
        """Tells the average once, before it is measured or else behind."""
        if hasattr(self.average, "end_epoch") and not self._has_ended:
            self.average.end_epoch(self.weights, self.averages)
        self._has_ended = True

    def _step(self) -> None:
        share = self.average.share()
        for average, weight in zip(self.averages, self.weights, strict=True):
            average.assign_add(ops.cast(share, average.dtype) * (weight - average))

    @contextmanager
    def in_place(self) -> Iterator[None]:
        """Puts the average in the weights' place, for as long as it lasts."""
        trained = [ops.copy(weight.value) for weight in self.weights]
        for weight, average in zip(self.weights, self.averages, strict=True):
            weight.assign(average)
        try:
            yield
        finally:
            for weight, value in zip(self.weights, trained, strict=True):
                weight.assign(value)

    def measured(self, measure: Callable[[], Mapping[str, float]]) -> Callable[[], Mapping[str, float]]:
        """The same measurement, of the average."""

        def measure_average() -> Mapping[str, float]:
            self._end_epoch()
            with self.in_place():
                return measure()

        return measure_average
