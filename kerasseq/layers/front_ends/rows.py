"""A picture read row by row."""

from __future__ import annotations

from typing import Any, Literal

import keras
from keras import ops

from kerasseq.registry import register
from kerasseq.specs import PositiveInt, Raw, Supplied, check_arguments

WHITE = 255.0


@keras.saving.register_keras_serializable("kerasseq")
@register("front_end")
class Rows(keras.layers.Layer):
    """The rows of a picture as the steps of a sequence, from top to bottom.

    Args:
        shape: Height, width and channels of a picture.
        order: Read `rows` from top to bottom, or `columns` from left to right.
        rows_per_step: How many of them stand side by side in a step; all make one step, which is no sequence.
    Call arguments:
        inputs: Pixels from 0 to 255, (batch, height, width, channels).
    Returns:
        (batch, time, features), from 0 to 1; black stands behind the last row where it does not fill a step.
    Raises:
        ValueError: If an option is out of its range.
    Reference:
        Le, Jaitly and Hinton 2015, https://arxiv.org/abs/1504.00941 (a picture as a sequence)
    """

    def __init__(
        self,
        *,
        shape: Supplied[tuple[int, int, int]],
        order: Literal["rows", "columns"] = "rows",
        rows_per_step: PositiveInt = 1,
        **kwargs: Any,
    ):
        check_arguments(Rows.__init__, order=order, rows_per_step=rows_per_step)
        super().__init__(**kwargs)
        self.options = {"shape": tuple(shape), "order": order, "rows_per_step": rows_per_step}
        self.spec = Raw("uint8", (None, *shape))
        height, width, channels = shape
        rows, length = (height, width) if order == "rows" else (width, height)
        self.time = -(-rows // rows_per_step)
        self.width = rows_per_step * length * channels
        self._missing = self.time * rows_per_step - rows

    def call(self, inputs: Any) -> Any:
        pixels = ops.cast(inputs, self.compute_dtype) / WHITE
        if self.options["order"] == "columns":
            pixels = ops.transpose(pixels, (0, 2, 1, 3))
        pixels = ops.pad(pixels, ((0, 0), (0, self._missing), (0, 0), (0, 0)))
        return ops.reshape(pixels, (-1, self.time, self.width))

    def compute_mask(self, inputs: Any, mask: Any = None) -> None:
        """No mask: every row is real."""
        return None

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), **self.options}
