"""Reads what stands in the slots of a beam."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops


def pick_slots(values: Any, slots: Any) -> Any:
    """Picks by slot: (..., beam, *rest) and (..., n_best) give (..., n_best, *rest), as one gather.

    Args:
        values: The axes before `beam` are those of `slots`.
        slots: (..., n_best), int32, each less than `beam`.
    """
    leading = len(slots.shape) - 1
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.gather(values, slots, axis=leading, batch_dims=leading)
    num_rest = len(values.shape) - len(slots.shape)
    return ops.take_along_axis(values, ops.reshape(slots, (*ops.shape(slots), *[1] * num_rest)), axis=leading)
