"""No characters."""

from __future__ import annotations

from kerasseq.registry import register
from kerasseq.specs import PositiveInt, Supplied


@register("characters")
def none(*, num_characters: Supplied[PositiveInt], name: Supplied[str | None] = None) -> None:
    """The words alone are read.

    Args:
        num_characters: Not used.
        name: Not used.
    """
    return None
