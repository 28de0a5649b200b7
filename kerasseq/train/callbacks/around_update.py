"""What stands between a gradient and the optimizer that takes it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq.layers.scan import sum_of_squares

Apply = Callable[[list[Any], Any], None]


class AroundUpdate(keras.callbacks.Callback):
    """Base of callbacks that change the optimizer's update in the graph of the training step.

    Those of higher `rank` meet the gradient first. Where the loss is scaled for half precision, they see the
    true gradient, and no step that overflowed.
    """

    rank: ClassVar[int]

    def around(self, apply: Apply, gradients: list[Any], variables: Any) -> None:
        """Calls `apply(gradients, variables)` as it thinks fit.

        Args:
            apply: What stands further in, and in the end the optimizer.
            gradients: One for each variable, or None; all of them a tensor.
            variables: What is trained; None where the optimizer knows it.
        """
        raise NotImplementedError

    def on_train_begin(self, logs: dict | None = None) -> None:
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        chain = vars(optimizer).get("apply")
        if chain is None:
            chain = optimizer.apply = _Chain(optimizer.apply)
        chain.take(type(self))  # an interrupted `fit` never came to its end
        chain.links = sorted([*chain.links, self], key=lambda link: link.rank)
        self.model.make_train_function(force=True)

    def on_train_end(self, logs: dict | None = None) -> None:
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        chain = vars(optimizer).get("apply")
        if chain is not None:
            chain.take(type(self))
            if not chain.links:
                del optimizer.apply
        self.model.make_train_function(force=True)

    def norm(self, gradients: list[Any]) -> Any:
        """The norm of the whole gradient, which the callbacks around one update compute once."""
        optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        return vars(optimizer)["apply"].norm(gradients)


def global_norm(gradients: list[Any]) -> Any:
    """sqrt(sum g^2) over every number of every gradient."""
    return ops.sqrt(sum(sum_of_squares(gradient) for gradient in gradients if gradient is not None))


class _Chain:
    """An optimizer's `apply`, with callbacks around it."""

    def __init__(self, apply: Apply):
        self.apply = apply
        self.links: list[AroundUpdate] = []
        self.measured: tuple[list[Any], Any] | None = None

    def take(self, kind: type[AroundUpdate]) -> None:
        self.links = [link for link in self.links if type(link) is not kind]

    def norm(self, gradients: list[Any]) -> Any:
        if self.measured is None or self.measured[0] is not gradients:
            self.measured = gradients, global_norm(gradients)
        return self.measured[1]

    def __call__(self, grads: Any, trainable_variables: Any = None) -> None:
        self.measured = None
        apply = self.apply
        for link in self.links:
            apply = _linked(link, apply)
        apply([_dense(gradient) for gradient in grads], trainable_variables)
        self.measured = None


def _linked(link: AroundUpdate, apply: Apply) -> Apply:
    return lambda gradients, variables: link.around(apply, gradients, variables)


def _dense(gradient: Any) -> Any:
    """An embedding's gradient may name a row twice: its norm is known only once such rows are added up."""
    return ops.add(gradient, 0.0) if hasattr(gradient, "indices") else gradient
