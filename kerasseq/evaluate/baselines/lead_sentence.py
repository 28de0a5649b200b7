"""How a text begins."""

from __future__ import annotations

import re

from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments

MODELS = ("seq2seq",)
END = re.compile(r"""[.!?…。！？]["'”’)\]]*(?=\s)""")


@register("baseline")
class LeadSentence:
    """Answers with the first sentences of a text, the summary that is hard to beat.

    A sentence ends at a full stop, a question mark or an exclamation mark with white space behind it.

    Args:
        num_sentences: How many sentences to take.
    Call arguments:
        inputs: The training split's texts; not read.
        references: Their summaries; not read.
        questions: The texts to summarize.
    Returns:
        The beginning of each.
    Raises:
        ValueError: If `num_sentences` is not positive.
    """

    def __init__(self, *, num_sentences: PositiveInt = 1):
        check_arguments(LeadSentence.__init__, num_sentences=num_sentences)
        self.num_sentences = num_sentences

    def __call__(self, inputs: list[str], references: list[str], questions: list[str]) -> list[str]:
        return [self._lead(text) for text in questions]

    def _lead(self, text: str) -> str:
        ends = [found.end() for found in END.finditer(text)]
        return text[: ends[self.num_sentences - 1]] if len(ends) >= self.num_sentences else text
