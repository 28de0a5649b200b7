"""Metrics of what the model writes on its own, while it trains."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import keras

from kerasseq.specs import PositiveInt, check_arguments


class MetricEvaluation(keras.callbacks.Callback):
    """Measures the model every few epochs and puts the figures into the epoch's logs.

    The figures come from a function that decodes a validation split freely, without the reference as input;
    callbacks after this one (early stopping, checkpoints) see them like any other log.

    Args:
        measure: Returns names and figures.
        every_epochs: Epochs from one measurement to the next; the last epoch is always measured.
        prefix: Put before each name.
    """

    def __init__(
        self,
        measure: Callable[[], Mapping[str, float]],
        *,
        every_epochs: PositiveInt = 1,
        prefix: str = "validation_",
    ):
        check_arguments(MetricEvaluation.__init__, every_epochs=every_epochs)
        super().__init__()
        self.measure = measure
        self.every_epochs = every_epochs
        self.prefix = prefix

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        is_last = self.model.stop_training or epoch + 1 == self.params["epochs"]
        if logs is not None and (is_last or (epoch + 1) % self.every_epochs == 0):
            logs.update({f"{self.prefix}{name}": value for name, value in self.measure().items()})
