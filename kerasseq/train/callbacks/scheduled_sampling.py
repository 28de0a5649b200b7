"""Scheduled sampling: from the teacher's tokens to the model's own."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal

import keras

from kerasseq.decode.draws import draw_tokens
from kerasseq.specs import PositiveFloat, Probability, check_arguments

CONSTRAINTS = (
    ("schedule != 'exponential' or k < 1", "give a factor under 1 as `k`: the probability at step i is k^i"),
    ("predictions == 'sampled' or temperature == 1", "take `predictions: sampled`, or leave it out"),
)


class ScheduledSampling(keras.callbacks.Callback):
    """Feeds the decoder predictions of its own instead of the true tokens, ever more often.

    The probability of the true token at step or epoch i falls from 1 towards `teacher_forcing`:

    constant: teacher_forcing always; linear: 1 - i / k; exponential: k^i;
    inverse_sigmoid: k / (k + exp(i / k))

    Works on every model with a layer in it that has `enable_sampling`, such as `TokenDecoder`. While the
    probability is 1 the model trains as without this callback, and so it does again when training has ended.
    Each epoch's logs get `sampling_probability`. Steps are batches, counted from those that the optimizer
    has seen, so that a resumed run goes on where it was; epochs are those of `fit`, from 0.

    Args:
        schedule: The shape of the fall.
        k: Its slowness: how many i for `linear` and `inverse_sigmoid`, a factor under 1 for `exponential`.
        teacher_forcing: Where the probability of the true token ends.
        by: What i counts, `step` or `epoch`.
        mode: `stepwise`: each step may read what the one before has predicted, which takes the decoder token
            by token. `parallel`: two passes over all steps, the second one mixed with the first one's
            predictions.
        predictions: `greedy`, the best tokens, or `sampled`, drawn with the model's probabilities.
        temperature: Of `sampled`: below 1 likely tokens become likelier, above 1 less so.
    Raises:
        ValueError: If `k` does not suit the schedule, nothing is drawn with the temperature, or the model has
            no layer to sample in.
    Reference:
        Bengio et al. 2015, section 2.4, https://arxiv.org/abs/1506.03099; Mihaylova and Martins 2019, section
        3, https://arxiv.org/abs/1906.07651 (parallel); see `layers/token_sampling.py`
    """

    logged = ("sampling_probability",)

    def __init__(
        self,
        *,
        schedule: Literal["constant", "linear", "exponential", "inverse_sigmoid"] = "inverse_sigmoid",
        k: PositiveFloat = 1000.0,
        teacher_forcing: Probability = 0.0,
        by: Literal["step", "epoch"] = "step",
        mode: Literal["stepwise", "parallel"] = "stepwise",
        predictions: Literal["greedy", "sampled"] = "greedy",
        temperature: PositiveFloat = 1.0,
    ):
        check_arguments(
            ScheduledSampling.__init__, schedule=schedule, k=k, teacher_forcing=teacher_forcing, by=by,
            mode=mode, predictions=predictions, temperature=temperature,
        )  # fmt: skip
        if schedule == "exponential" and k >= 1:
            raise ValueError(f"`k` must be under 1 for the schedule 'exponential'. Received: k={k}")
        if predictions == "greedy" and temperature != 1:
            raise ValueError(
                f"`temperature` is for predictions that are 'sampled'. Received: temperature={temperature}"
            )
        super().__init__()
        self.schedule = schedule
        self.k = k
        self.teacher_forcing = teacher_forcing
        self.by = by
        self.mode = mode
        self.draw = None if predictions == "greedy" else drawn_at(temperature)
        self.epoch = self.step = self.next_step = 0
        self.is_restored = False
        self.layers: list[keras.layers.Layer] = []
        self.is_on: bool | None = None

    def probability(self, i: int) -> float:
        """The probability that the decoder is fed a token of its own at step or epoch i."""
        falling = {
            "constant": lambda: 0.0,
            "linear": lambda: 1 - i / self.k,
            "exponential": lambda: self.k**i,
            "inverse_sigmoid": lambda: self.k / (self.k + math.exp(min(i / self.k, 700.0))),
        }[self.schedule]()
        return 1 - max(self.teacher_forcing, falling)

    def on_train_begin(self, logs: dict | None = None) -> None:
        layers = [layer for layer in self.model._flatten_layers() if hasattr(layer, "enable_sampling")]
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

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        self.epoch = epoch

    def on_train_batch_begin(self, batch: int, logs: dict | None = None) -> None:
        self.step, self.next_step = self.next_step, self.next_step + self.model.steps_per_execution
        self._feed_back(self._now())

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        if logs is not None:
            logs["sampling_probability"] = self._now()

    def on_train_end(self, logs: dict | None = None) -> None:
        self._feed_back(0.0)

    def _now(self) -> float:
        return self.probability(self.epoch if self.by == "epoch" else self.step)

    def _feed_back(self, probability: float) -> None:
        # Teacher forcing is a faster graph of its own: the step is traced anew when it begins or ends.
        is_on = probability > 0
        for layer in self.layers:
            layer.enable_sampling(is_on, mode=self.mode, draw=self.draw).assign(probability)
        if is_on != self.is_on:
            self.is_on = is_on
            self.model.make_train_function(force=True)


def drawn_at(temperature: float) -> Callable[[Any, Any], Any]:
    """What draws tokens (rows,) from scores (rows, vocabulary) with numbers in [0, 1), (rows,)."""
    return lambda scores, uniform: draw_tokens(scores / temperature, uniform, top_k=None, top_p=None)
