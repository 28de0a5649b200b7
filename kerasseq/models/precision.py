"""What a model computes in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import keras

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
