"""The feature that is meant where none is named."""

from kerasseq.registry import register
from kerasseq.specs import Tokenizer


@register("feature")
class Text:
    """Text."""

    def __init__(self, *, tokenizer: Tokenizer = "word", lowercase: bool = False):
        self.tokenizer, self.lowercase = tokenizer, lowercase
