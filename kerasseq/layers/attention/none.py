"""No attention."""

from __future__ import annotations

from kerasseq.registry import register
from kerasseq.specs import PositiveInt


@register("attention")
def none(*, units: PositiveInt) -> None:
    """The decoder sees the source through its initial state alone.

    Args:
        units: Width of the decoder's state; not used.
    Reference:
        Sutskever et al. 2014, https://arxiv.org/abs/1409.3215
    """
    return None
