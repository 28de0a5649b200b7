"""An attention without options of its own."""

from kerasseq.registry import register


@register("attention")
class Bahdanau:
    """Additive attention."""

    def __init__(self, *, units: int):
        self.units = units
