"""What a model computes in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import keras
from keras import ops

Precision = Literal["float32", "mixed_bfloat16", "mixed_float16"]


@contextmanager
def precision(name: Precision) -> Iterator[None]:
    """Has layers that are made meanwhile compute in another precision; weights and losses stay in float32."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


@contextmanager
def weights_cast_once(model: Any) -> Iterator[None]:
    """Has layers find their weights in the precision that they compute in, cast where the context begins.

    A layer casts its weights in each call: a loop over the steps of a search would do so at every step. What
    is assigned to weights meanwhile is lost.
    """
    cast = [
        (weight, ops.cast(weight, layer.compute_dtype))
        for layer in model._flatten_layers()
        for weight in [*layer._trainable_variables, *layer._non_trainable_variables]
        if layer.autocast and weight._autocast and weight.dtype != layer.compute_dtype
    ]
    if not cast:
        yield
        return
    with keras.StatelessScope() as scope:
        for weight, value in cast:
            scope.add_update((weight, value))  # as an argument, the scope would cast it back
        yield
