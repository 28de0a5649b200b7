"""A tokenizer."""

from kerasseq.registry import register


@register("tokenizer")
class Tokenizer:
    """Splits at every word."""
