"""An attention that cannot be used without an option."""

from kerasseq.registry import register
from kerasseq.specs import PositiveInt


@register("attention")
class Windowed:
    """Attention to a window."""

    def __init__(self, *, units: int, width: PositiveInt):
        self.units, self.width = units, width
