"""A decoder without options."""

from kerasseq.registry import register


@register("decode")
class Greedy:
    """Takes the most likely token."""
