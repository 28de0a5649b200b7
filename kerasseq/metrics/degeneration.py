"""Signs of a model that writes the same thing again and again."""

from __future__ import annotations

from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments

ANSWERS = ("text",)


@register("metric")
class Degeneration:
    """How repetitive the predictions are, within themselves and among each other.

    The references do not matter, but they repeat themselves and each other too: `reference_repetition` and
    `reference_distinct`, of each one's first, say how much is natural.

    Args:
        order: Length in words of what counts as repeated within a prediction.
    Call arguments:
        predictions: Texts that a model wrote.
        references: For each prediction one reference or more.
    Returns:
        `repetition`, the share of predictions that contain an n-gram twice; `distinct`, the number of
        different predictions for each prediction; both 0 to 1, and the same two of the references.
    Raises:
        ValueError: If `order` is not positive, or predictions and references do not match.
    """

    from_text = True

    def __init__(self, *, order: PositiveInt = 3):
        check_arguments(Degeneration.__init__, order=order)
        self.order = order
        self.signature: dict[str, str] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        check_corpus(predictions, references)
        first = [several[0] for several in references]
        self.signature = {"repetition": f"order:{self.order}|words", "distinct": "whole texts"}
        return {
            "repetition": self._repetition(predictions),
            "distinct": len(set(predictions)) / len(predictions),
            "reference_repetition": self._repetition(first),
            "reference_distinct": len(set(first)) / len(first),
        }

    def _repetition(self, texts: list[str]) -> float:
        return sum(map(self._repeats, texts)) / len(texts)

    def _repeats(self, text: str) -> bool:
        words = text.split()
        grams = [tuple(words[start : start + self.order]) for start in range(len(words) - self.order + 1)]
        return len(set(grams)) < len(grams)
