"""How often a word's tag is right."""

from __future__ import annotations

from collections import Counter
from typing import Any

from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register

ANSWERS = ("tags",)


@register("metric")
class TagAccuracy:
    """The share of words whose tag is the reference's.

    Call arguments:
        predictions: For each sentence its tags, with tabs between.
        references: For each sentence a list with the right ones, as many.
    Attributes:
        details: Of the last call, `per_tag`: for each tag its `precision`, `recall`, `f1`, number of `words`
            and, by tag, what it is `taken_for`.
    Returns:
        `tag_accuracy`, 0 to 1.
    Raises:
        ValueError: If predictions and references do not match, or there is not a tag for each word.
    """

    from_text = True
    names = ("tag_accuracy",)

    def __init__(self):
        self.signature: dict[str, str] = {}
        self.details: dict[str, Any] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        check_corpus(predictions, references)
        pairs = Counter(
            pair
            for sentence in zip(predictions, references, strict=True)
            for pair in aligned_tags(sentence[0], sentence[1][0])
        )
        num_right = sum(count for (predicted, right), count in pairs.items() if predicted == right)
        self.details = {"per_tag": {tag: _of_tag(tag, pairs) for tag in sorted({tag for _, tag in pairs})}}
        return {"tag_accuracy": num_right / max(sum(pairs.values()), 1)}


def aligned_tags(prediction: str, reference: str) -> list[tuple[str, str]]:
    """For each word of a sentence its predicted tag and the right one.

    Raises:
        ValueError: If there are more of one than of the other.
    """
    predicted, right = prediction.split("\t"), reference.split("\t")
    if len(predicted) != len(right):
        counts = f"{len(predicted)} for {len(right)} words: {prediction!r}"
        raise ValueError(f"`predictions` must hold a tag for each word. Received: {counts}")
    return list(zip(predicted, right, strict=True))


def _of_tag(tag: str, pairs: Counter[tuple[str, str]]) -> dict[str, Any]:
    num_predicted = sum(count for (predicted, _), count in pairs.items() if predicted == tag)
    mistakes = Counter(
        {predicted: count for (predicted, right), count in pairs.items() if right == tag != predicted}
    )
    num_right = pairs[tag, tag]
    num_words = num_right + mistakes.total()
    return {
        "precision": num_right / max(num_predicted, 1),
        "recall": num_right / max(num_words, 1),
        "f1": 2 * num_right / max(num_predicted + num_words, 1),
        "words": num_words,
        "taken_for": dict(mistakes.most_common()),
    }
