"""How well each class is found, all classes counting the same."""

from __future__ import annotations

from typing import Any

from kerasseq.metrics.confusion import classes_of
from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register

ANSWERS = ("class",)


@register("metric")
class MacroF1:
    """The mean of all classes' F1, the harmonic mean of precision and recall.

    A class that is only in the predictions counts as well, and a share of nothing is 0.

    Call arguments:
        predictions: The class that a model gave each example.
        references: For each prediction a list with its class.
    Attributes:
        details: Of the last call, `per_class`: for each class its `precision`, `recall`, `f1` and number of
            `examples`.
    Returns:
        `macro_f1`, 0 to 1.
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
        pairs = list(zip(predictions, first, strict=True))
        per_class = {name: _of_class(name, pairs) for name in classes_of(predictions, first)}
        self.details = {"per_class": per_class}
        self.signature = {"macro_f1": "classes:references and predictions|zero division:0"}
        return {"macro_f1": sum(found["f1"] for found in per_class.values()) / len(per_class)}


def _of_class(name: str, pairs: list[tuple[str, str]]) -> dict[str, float]:
    num_right = sum(prediction == reference == name for prediction, reference in pairs)
    num_predicted = sum(prediction == name for prediction, _ in pairs)
    num_examples = sum(reference == name for _, reference in pairs)
    return {
        "precision": num_right / max(num_predicted, 1),
        "recall": num_right / max(num_examples, 1),
        "f1": 2 * num_right / (num_predicted + num_examples),
        "examples": num_examples,
    }
