"""An encoder with parts of its own."""

from __future__ import annotations

from kerasseq.registry import register
from kerasseq.specs import Cell, PositiveInt


@register("encoder")
class Recurrent:
    """A stack of recurrent layers."""

    def __init__(
        self,
        *,
        embedding_dim: PositiveInt,
        cell: Cell = "lstm",
        units: PositiveInt = 128,
        num_layers: PositiveInt = 1,
        bidirectional: bool = False,
    ):
        self.cell = cell
