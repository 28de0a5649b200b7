"""A cell that inherits its options."""

from parts.layers.cells.base import RecurrentCell

from kerasseq.registry import register


@register("cell")
class GRU(RecurrentCell):
    """Gated recurrent unit."""
