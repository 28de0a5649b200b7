"""A decoder with a rule between two options."""

from kerasseq.registry import register
from kerasseq.specs import NonNegativeFloat, PositiveInt

CONSTRAINTS = (("num_hypotheses <= beam_width", "widen the beam or ask for fewer hypotheses"),)


@register("decode")
class Beam:
    """Keeps the best few."""

    def __init__(
        self,
        *,
        beam_width: PositiveInt = 5,
        length_penalty: NonNegativeFloat = 0.6,
        num_hypotheses: PositiveInt = 1,
    ):
        self.beam_width = beam_width
