"""Scheduled sampling: from the teacher's tokens to the model's own."""

from __future__ import annotations

import math
from typing import Literal

import keras

from kerasseq.specs import PositiveFloat, Probability, check_arguments

CONSTRAINTS = (
    ("schedule != 'exponential' or k < 1", "give a factor under 1 as `k`: the probability at step i is k^i"),
)


class ScheduledSampling(keras.callbacks.Callback):
    """Feeds the decoder its own best token instead of the true one, ever more often.

    The probability of the true token at step i falls from 1 towards `teacher_forcing`:

    constant: teacher_forcing at every step; linear: 1 - i / k; exponential: k^i;
    inverse_sigmoid: k / (k + exp(i / k))

    Works on every model with a layer that has `enable_sampling`, such as `TokenDecoder`. While the
    probability is 1 the model trains as without this callback, and so it does again when training has ended.
    Each epoch's logs get `sampling_probability`. Steps are batches, counted from those that the optimizer
    has seen, so that a resumed run goes on where it was.

    Args:
        schedule: The shape of the fall.
        k: Its slowness: steps for `linear` and `inverse_sigmoid`, a factor under 1 for `exponential`.
        teacher_forcing: Where the probability of the true token ends.
    Raises:
        ValueError: If `k` does not suit the schedule, or the model has no layer to sample in.
    Reference:
        Bengio et al. 2015, section 2.4, https://arxiv.org/abs/1506.03099
    """

    logged = ("sampling_probability",)

    def __init__(
        self,
        *,
        schedule: Literal["constant", "linear", "exponential", "inverse_sigmoid"] = "inverse_sigmoid",
        k: PositiveFloat = 1000.0,
        teacher_forcing: Probability = 0.0,
    ):
        check_arguments(ScheduledSampling.__init__, schedule=schedule, k=k, teacher_forcing=teacher_forcing)
        if schedule == "exponential" and k >= 1:
            raise ValueError(f"`k` must be under 1 for the schedule 'exponential'. Received: k={k}")
        super().__init__()
        self.schedule = schedule
        self.k = k
        self.teacher_forcing = teacher_forcing
        self.step = self.next_step = 0
        self.is_restored = False
        self.layers: list[keras.layers.Layer] = []
        self.is_on: bool | None = None

    def probability(self, step: int) -> float:
        """The probability that the decoder is fed its own token at a training step."""
        falling = {
            "constant": lambda: 0.0,
            "linear": lambda: 1 - step / self.k,
            "exponential": lambda: self.k**step,
            "inverse_sigmoid": lambda: self.k / (self.k + math.exp(min(step / self.k, 700.0))),
        }[self.schedule]()
        return 1 - max(self.teacher_forcing, falling)

    def on_train_begin(self, logs: dict | None = None) -> None:
        layers = [layer for layer in self.model.layers if hasattr(layer, "enable_sampling")]
        if not layers:
            raise ValueError(
                "ScheduledSampling needs a layer with `enable_sampling`, such as `TokenDecoder`. "
                f"Received: {[layer.name for layer in self.model.layers]}"
            )
        self.layers, self.is_on = layers, None
        if not self.is_restored:
            self.next_step = int(keras.ops.convert_to_numpy(self.model.optimizer.iterations))
        self.is_restored = False

    def state(self) -> dict[str, int]:
        """What a resumed run goes on with."""
        return {"next_step": self.next_step}

    def restore(self, state: dict[str, int]) -> None:
        """Goes on where another session was."""
        self.next_step, self.is_restored = state["next_step"], True

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self.step, self.next_step = self.next_step, self.next_step + self.model.steps_per_execution
        self._feed_back(self.probability(self.step))

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if logs is not None:
            logs["sampling_probability"] = self.probability(self.step)

    def on_train_end(self, logs: dict | None = None) -> None:
        self._feed_back(0.0)

    def _feed_back(self, probability: float) -> None:
        # Teacher forcing is a faster graph of its own: the step is traced anew when it begins or ends.
        is_on = probability > 0
        for layer in self.layers:
            layer.enable_sampling(is_on).assign(probability)
        if is_on != self.is_on:
            self.is_on = is_on
            self.model.make_train_function(force=True)
