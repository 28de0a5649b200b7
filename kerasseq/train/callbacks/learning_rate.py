"""The learning rate of a training: its schedule, its rise at the beginning, and what brings it down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import ops

from kerasseq.specs import NonNegativeInt, check_arguments


class MovingRate(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule, or a constant rate, that rises linearly at first and can be brought down at any time.

    rate_t = share * min(t / warmup_steps, 1) * schedule(t), for steps t = 1, 2, ...

    Args:
        schedule: A schedule of `keras.optimizers.schedules` or `kerasseq.train.schedules`, or a number.
        warmup_steps: Steps of the optimizer to rise.
    Attributes:
        share: What all rates are multiplied by, 1 at first.
        variables: What `Checkpoints` keeps.
    """

    def __init__(self, schedule: Callable[[Any], Any] | float, *, warmup_steps: NonNegativeInt = 0):
        check_arguments(MovingRate.__init__, warmup_steps=warmup_steps)
        self.schedule = schedule
        self.warmup_steps = warmup_steps
        self.share = keras.Variable(1.0, trainable=False, name="share_of_rate")
        self.variables = list(getattr(schedule, "variables", ()))

    def state(self) -> dict[str, float]:
        """What a resumed run goes on with, beside the variables."""
        return {"share": float(ops.convert_to_numpy(self.share.value))}

    def restore(self, state: dict[str, float]) -> None:
        """Goes on where another session was."""
        self.share.assign(state["share"])

    def __call__(self, step: Any) -> Any:
        rate = self.schedule(step) if callable(self.schedule) else self.schedule
        if self.warmup_steps:
            rate = rate * ops.minimum((ops.cast(step, "float32") + 1) / self.warmup_steps, 1.0)
        return rate * ops.convert_to_tensor(self.share)

    def get_config(self) -> dict[str, Any]:
        return {"schedule": self.schedule, "warmup_steps": self.warmup_steps}


class LearningRate(keras.callbacks.Callback):
    """Tells a schedule that goes by the logs, such as `plateau`, how each epoch went.

    Args:
        schedule: It has `observe(logs)`; unless given, the optimizer's, or the one that moves in it.
    """

    def __init__(self, schedule: Any = None):
        super().__init__()
        self.schedule = schedule

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        schedule = self.schedule
        if schedule is None:
            optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
            schedule = optimizer._learning_rate
        schedule = getattr(schedule, "schedule", schedule)
        if hasattr(schedule, "observe"):
            schedule.observe(logs or {})
