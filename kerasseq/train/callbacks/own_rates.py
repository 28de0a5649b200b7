"""Weights that learn at a rate of their own."""

from __future__ import annotations

from typing import Any

import keras

MULTIPLIER = "learning_rate_multiplier"


class OwnRates(keras.callbacks.Callback):
    """Multiplies the learning rate of each weight by its `learning_rate_multiplier`, where it has one.

    That is more than a smaller gradient, which Adam would scale up again. An optimizer's weight decay is not
    multiplied.
    """

    def __init__(self):
        super().__init__()
        self.optimizer: keras.optimizers.Optimizer | None = None

    @staticmethod
    def has_any(model: keras.Model) -> bool:
        """Whether a model has such weights."""
        return any(hasattr(variable, MULTIPLIER) for variable in model.trainable_variables)

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        self._restore()  # an interrupted `fit` never came to its end
        variables = self.model.trainable_variables
        if not self.optimizer.built:
            self.optimizer.build(variables)
        index_of, update_step = self.optimizer._get_variable_index, self.optimizer.update_step
        multipliers = {index_of(variable): getattr(variable, MULTIPLIER, 1.0) for variable in variables}

        def update(gradient: Any, variable: Any, learning_rate: Any) -> None:
            update_step(gradient, variable, learning_rate * multipliers[index_of(variable)])

        self.optimizer.update_step = update
        self.model.make_train_function(force=True)

    def on_train_end(self, logs: dict | None = None) -> None:
        self._restore()
        self.model.make_train_function(force=True)

    def _restore(self) -> None:
        """Gives the optimizer its class' own `update_step` back."""
        if "update_step" in vars(self.optimizer):
            del self.optimizer.update_step
