"""The exponential moving average."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from kerasseq.registry import register
from kerasseq.specs import Rate, check_arguments


@register("averaging")
class Ema:
    """Late weights count more than early ones.

    a_t = d_t a_{t-1} + (1 - d_t) w_t,    d_t = min(decay, t / (9 + t)) at training step t = 1, 2, ...

    Early on the average is short, so that the random weights of the start are soon forgotten.

    Args:
        decay: How much of the average is kept at a step; 0.999 is an average over about 1,000 steps.
    Reference:
        Polyak and Juditsky 1992; Tan and Le 2019, https://arxiv.org/abs/1905.11946 (the decay)
    """

    def __init__(self, *, decay: Rate = 0.999):
        check_arguments(Ema.__init__, decay=decay)
        self.decay = decay
        self.steps = keras.Variable(0.0, trainable=False, name="averaged_steps")
        self.variables = [self.steps]

    def share(self) -> Any:
        """Counts a step, and says how far the average moves towards the weights at it."""
        self.steps.assign_add(1.0)
        return 1 - ops.minimum(self.decay, self.steps / (9.0 + self.steps))

    def observe(self, logs: Mapping[str, float]) -> None:
        """An epoch has ended, which does not matter here."""
