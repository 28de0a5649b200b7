"""A cell whose options are in its own file."""

from parts.layers.cells.base import RecurrentCell

from kerasseq.registry import register


@register("cell")
class LSTM(RecurrentCell):
    """Long short-term memory.

    The gates are i, f, g and o.

    Args:
        units: Width of the state.
        forget_bias: Added to the forget gate,
            so that memory starts long.
        dropout: Of the inputs.
    """

    def __init__(self, *, units: int, forget_bias: float = 1.0, dropout: Rate = 0.0, **kwargs):  # noqa: F821
        super().__init__(units=units, **kwargs)
        self.forget_bias, self.dropout = forget_bias, dropout
