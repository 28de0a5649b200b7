"""Weights that learn at a rate of their own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import keras

from kerasseq.errors import did_you_mean

MULTIPLIER = "learning_rate_multiplier"


class OwnRates(keras.callbacks.Callback):
    """Multiplies the learning rate of each weight by its `learning_rate_multiplier`, where it has one.

    That is more than a smaller gradient, which Adam would scale up again. An optimizer's weight decay is not
    multiplied.

    Args:
        rates: Factors for parts of the model, such as `{"encoder": 0.1}`, on top of that. A part is named as
            anywhere in its weights' paths, without a number at the end; where several names fit a weight,
            their factors multiply. 0 freezes: no gradient is computed, and no weight decay moves it.
    Raises:
        ValueError: At the beginning of `fit`, if the model has no such part.
    """

    def __init__(self, rates: Mapping[str, float] | None = None):
        super().__init__()
        self.rates = dict(rates or {})
        self.frozen: list[keras.Variable] = []
        self.optimizer: keras.optimizers.Optimizer | None = None

    def freeze(self, model: keras.Model) -> None:
        """Freezes the parts whose factor is 0, until `fit` has ended."""
        weights = model.trainable_variables
        parts = {part: None for weight in weights for part in _parts(weight)}
        for name in self.rates:
            if name not in parts:
                allowed, hint = ", ".join(parts), did_you_mean(name, parts)
                message = f"`rates` must name parts of the model: {allowed}. Received: {name!r}. {hint}"
                raise ValueError(message.strip())
        for weight in weights:
            if self._factor(weight) == 0:
                weight.trainable = False
                self.frozen.append(weight)

    def _factor(self, weight: keras.Variable) -> float:
        factor = getattr(weight, MULTIPLIER, 1.0)
        for part in _parts(weight):
            factor *= self.rates.get(part, 1.0)
        return factor

    @staticmethod
    def has_any(model: keras.Model) -> bool:
        """Whether a model has such weights."""
        return any(hasattr(variable, MULTIPLIER) for variable in model.trainable_variables)

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        self._restore()  # an interrupted `fit` never came to its end
        if not self.frozen:
            self.freeze(self.model)
        variables = self.model.trainable_variables
        if not self.optimizer.built:
            self.optimizer.build(variables)
        index_of, update_step = self.optimizer._get_variable_index, self.optimizer.update_step
        multipliers = {index_of(variable): self._factor(variable) for variable in variables}

        def update(gradient: Any, variable: Any, learning_rate: Any) -> None:
            update_step(gradient, variable, learning_rate * multipliers[index_of(variable)])

        self.optimizer.update_step = update
        self.model.make_train_function(force=True)

    def on_train_end(self, logs: dict | None = None) -> None:
        self._restore()
        self.thaw()
        self.model.make_train_function(force=True)

    def thaw(self) -> None:
        """Lets the frozen parts be trained again."""
        for weight in self.frozen:
            weight.trainable = True
        self.frozen = []

    def _restore(self) -> None:
        """Gives the optimizer its class' own `update_step` back."""
        if "update_step" in vars(self.optimizer):
            del self.optimizer.update_step


def _parts(weight: keras.Variable) -> list[str]:
    """The layers that a weight is in, from the outermost, and its own name, without numbers at the end."""
    return list(dict.fromkeys(re.sub(r"_\d+$", "", name) for name in weight.path.split("/")))
