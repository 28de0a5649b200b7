"""Whether the whole output is right."""

from __future__ import annotations

from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register

ANSWERS = ("class", "tags", "text")


@register("metric")
class ExactMatch:
    """The share of predictions that are, character for character, one of their references.

    Call arguments:
        predictions: Texts that a model wrote.
        references: For each prediction one reference or more.
    Returns:
        `exact_match`, 0 to 1.
    Raises:
        ValueError: If predictions and references do not match.
    """

    from_text = True

    def __init__(self):
        self.signature: dict[str, str] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        check_corpus(predictions, references)
        matches = sum(one in several for one, several in zip(predictions, references, strict=True))
        self.signature = {"exact_match": "case:mixed|refs:any"}
        return {"exact_match": matches / len(predictions)}
