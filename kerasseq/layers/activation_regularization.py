"""A loss on what a recurrent layer puts out."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from kerasseq.specs import NonNegativeFloat, check_arguments


@keras.saving.register_keras_serializable("kerasseq")
class ActivationRegularization(keras.layers.Layer):
    """Adds a loss on large outputs and one on outputs that jump, while training.

    loss = activity mean((m h)^2) + slowness mean((h_t - h_{t-1})^2), with the output dropout's mask m

    The means go over units and real tokens, so that padding changes nothing.

    Args:
        activity: Weight of the outputs' size (AR, alpha), not negative.
        slowness: Weight of their change from step to step (TAR, beta), not negative.
    Call arguments:
        outputs: h, (batch, time, units).
        dropped: m h, what the next layer reads, alike.
        mask: True at real tokens, (batch, time).
    Returns:
        `dropped`, as it is.
    Reference:
        Merity et al. 2017, https://arxiv.org/abs/1708.01009; Merity et al. 2018, section 4.6
    """

    def __init__(self, *, activity: NonNegativeFloat = 0.0, slowness: NonNegativeFloat = 0.0, **kwargs: Any):
        check_arguments(ActivationRegularization.__init__, activity=activity, slowness=slowness)
        super().__init__(**kwargs)
        self.supports_masking = True
        self.activity = activity
        self.slowness = slowness

    def call(self, outputs: Any, dropped: Any, mask: Any, training: bool = False) -> Any:
        if training and self.activity:
            self.add_loss(self.activity * _mean_square(dropped, mask))
        if training and self.slowness:
            changes = outputs[:, 1:] - outputs[:, :-1]
            self.add_loss(self.slowness * _mean_square(changes, ops.logical_and(mask[:, 1:], mask[:, :-1])))
        return dropped

    def compute_output_shape(self, outputs_shape: tuple, dropped_shape: tuple, mask_shape: tuple) -> tuple:
        return dropped_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activity": self.activity, "slowness": self.slowness}


def _mean_square(values: Any, mask: Any) -> Any:
    weights = ops.cast(mask, "float32")[..., None]
    total = ops.sum(ops.square(ops.cast(values, "float32")) * weights)
    return ops.divide_no_nan(total, ops.sum(weights) * values.shape[-1])
