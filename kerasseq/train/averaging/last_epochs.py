"""The mean of the last epochs' weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
from keras import ops

from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments


@register("averaging")
class LastEpochs:
    """The mean of the weights at the ends of the last epochs: checkpoint averaging, measured as it goes.

    It keeps a copy of the weights for each of these epochs.

    Args:
        epochs: How many; where there have been fewer, all of them count.
    Reference:
        Junczys-Dowmunt et al. 2016, section 3.2, https://arxiv.org/abs/1610.01108
    """

    def __init__(self, *, epochs: PositiveInt = 5):
        check_arguments(LastEpochs.__init__, epochs=epochs)
        self.epochs = epochs
        self.kept: list[list[keras.Variable]] = []
        self.ended = keras.Variable(0, dtype="int32", trainable=False, name="epochs_ended")

    @property
    def variables(self) -> list[keras.Variable]:
        return [self.ended, *(variable for copies in self.kept for variable in copies)]

    def build(self, weights: Sequence[keras.Variable]) -> None:
        """Makes room for the copies."""
        self.kept = [
            [
                keras.Variable(ops.zeros(weight.shape, weight.dtype), trainable=False, name=f"kept_{index}")
                for weight in weights
            ]
            for index in range(self.epochs)
        ]

    def end_epoch(self, weights: Sequence[Any], averages: Sequence[keras.Variable]) -> None:
        """Takes the weights at the end of an epoch into the averages."""
        ended = int(ops.convert_to_numpy(self.ended.value))
        for copy, weight in zip(self.kept[ended % self.epochs], weights, strict=True):
            copy.assign(weight)
        self.ended.assign(ended + 1)
        last = self.kept[: min(ended + 1, self.epochs)]
        for average, *copies in zip(averages, *last, strict=True):
            average.assign(sum(ops.convert_to_tensor(copy) for copy in copies) / len(last))

    def observe(self, logs: Mapping[str, float]) -> None:
        """An epoch was measured, which does not matter here."""
