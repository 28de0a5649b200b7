"""How often the answer is right."""

from __future__ import annotations

from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register

ANSWERS = ("class",)


@register("metric")
class Accuracy:
    """The share of predictions that are one of their references.

    Call arguments:
        predictions: The class that a model gave each example.
        references: For each prediction one class or more.
    Returns:
        `accuracy`, 0 to 1.
    Raises:
        ValueError: If predictions and references do not match.
    """

    from_text = True

    def __init__(self):
        self.signature: dict[str, str] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        check_corpus(predictions, references)
        matches = sum(one in several for one, several in zip(predictions, references, strict=True))
        return {"accuracy": matches / len(predictions)}
