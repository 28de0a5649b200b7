"""Which classes are taken for which."""

from __future__ import annotations

from collections import Counter
from typing import Any

from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register

ANSWERS = ("class",)


def classes_of(predictions: list[str], references: list[str]) -> list[str]:
    """Every class that stands in either, by name."""
    return sorted({*predictions, *references})


@register("metric")
class Confusion:
    """The confusion matrix, which is no score: it stands in `details`, and the report draws it.

    Call arguments:
        predictions: The class that a model gave each example.
        references: For each prediction a list with its class.
    Attributes:
        details: Of the last call, `confusion`: the `classes`, and in `counts` a row for each reference and in
            it a column for each prediction.
    Returns:
        Nothing.
    Raises:
        ValueError: If predictions and references do not match.
    """

    from_text = True

    def __init__(self):
        self.signature: dict[str, str] = {}
        self.details: dict[str, Any] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        check_corpus(predictions, references)
        first = [several[0] for several in references]
        classes, counts = classes_of(predictions, first), Counter(zip(first, predictions, strict=True))
        rows = [[counts[reference, prediction] for prediction in classes] for reference in classes]
        self.details = {"confusion": {"classes": classes, "counts": rows}}
        return {}
