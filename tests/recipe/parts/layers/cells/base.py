"""What cells share; it registers nothing."""

from parts.words import Activation


class RecurrentCell:
    """A cell.

    Args:
        units: Width of the state.
        activation: Of the state.
    """

    def __init__(self, *, units: int, activation: Activation = "tanh", **kwargs):
        self.units, self.activation = units, activation
