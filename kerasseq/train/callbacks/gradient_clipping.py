"""Clipping of the gradient by its norm."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.layers.scan import sum_of_squares
from kerasseq.specs import PositiveFloat, check_arguments

TOTALS = ("norm_total", "clipped_steps", "counted_steps")


class GradientClipping(keras.callbacks.Callback):
    """Scales the whole gradient down where its norm exceeds a threshold, and reports the norm.

    g <- g * min(1, global_norm / ||g||), with ||g|| over all weights together. Each epoch's logs get
    `gradient_norm`, the mean norm before clipping, and `clipped_share`, the share of steps that were clipped.

    Args:
        global_norm: The most that the norm may be.
    Reference:
        Pascanu et al. 2013, algorithm 1, https://arxiv.org/abs/1211.5063
    """

    def __init__(self, *, global_norm: PositiveFloat = 1.0):
        check_arguments(GradientClipping.__init__, global_norm=global_norm)
        super().__init__()
        self.global_norm = global_norm
        self.optimizer: keras.optimizers.Optimizer | None = None
        self.totals: list[keras.Variable] = []

    def on_train_begin(self, logs: dict | None = None) -> None:
        # Where the loss is scaled for half precision, only the optimizer inside sees the gradient itself.
        self.optimizer = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
        self.totals = [keras.Variable(0.0, trainable=False, name=name) for name in TOTALS]
        self._restore()  # an interrupted `fit` never came to its end
        apply = self.optimizer.apply

        def clipped_apply(grads: Any, trainable_variables: Any = None) -> None:
            apply(self.clip(grads), trainable_variables)

        self.optimizer.apply = clipped_apply
        self.model.make_train_function(force=True)

    def on_train_end(self, logs: dict | None = None) -> None:
        self._restore()
        self.model.make_train_function(force=True)

    def _restore(self) -> None:
        """Gives the optimizer its class' own `apply` back."""
        if "apply" in vars(self.optimizer):
            del self.optimizer.apply

    def clip(self, gradients: list[Any]) -> list[Any]:
        """The clipped gradients; adds what it saw to the totals of the epoch."""
        given = [_dense(gradient) for gradient in gradients if gradient is not None]
        norm = ops.sqrt(sum(sum_of_squares(gradient) for gradient in given))
        is_clipped = norm > self.global_norm
        for total, value in zip(self.totals, (norm, ops.cast(is_clipped, "float32"), 1.0), strict=True):
            total.assign_add(value)
        scale = self.global_norm / ops.maximum(norm, self.global_norm)
        kept = iter(
            ops.cond(  # scaling goes over every weight once more, which most steps late in training need not
                is_clipped,
                lambda: [gradient * ops.cast(scale, gradient.dtype) for gradient in given],
                lambda: given,
            )
        )
        return [None if gradient is None else next(kept) for gradient in gradients]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        norm, clipped, steps = (float(ops.convert_to_numpy(total.value)) for total in self.totals)
        if logs is not None and steps:
            logs["gradient_norm"] = norm / steps
            logs["clipped_share"] = clipped / steps
        for total in self.totals:
            total.assign(ops.zeros(()))


def _dense(gradient: Any) -> Any:
    """An embedding's gradient may name a row twice: its norm is known only once such rows are added up."""
    return ops.add(gradient, 0.0) if hasattr(gradient, "indices") else gradient
