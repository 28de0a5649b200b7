"""How many spans are found, whole and of the right type."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from kerasseq.metrics.corpus import check_corpus
from kerasseq.metrics.tag_accuracy import aligned_tags
from kerasseq.registry import register
from kerasseq.tag_schemes import spans_of

ANSWERS = ("tags",)


@register("metric")
class SpanF1:
    """Precision, recall and F1 of the spans that tags spell in IOB1, IOB2 or BIOES.

    A span is right if its first and last word and its type are. Broken tags are read as conlleval and seqeval
    read them, whose figures these are; a share of nothing is 0.

    Call arguments:
        predictions: For each sentence its tags, with tabs between.
        references: For each sentence a list with the right ones, as many.
    Attributes:
        details: Of the last call, `per_span`: for each type of span its `precision`, `recall`, `f1` and
            numbers of `spans`, `predicted` and `right`.
    Returns:
        `span_f1`, `span_precision` and `span_recall`, 0 to 1.
    Raises:
        ValueError: If predictions and references do not match, or a tag is no tag of spans.
    Reference:
        Tjong Kim Sang and Buchholz 2000, https://aclanthology.org/W00-0726
    """

    from_text = True
    names = ("span_f1", "span_precision", "span_recall")

    def __init__(self):
        self.signature: dict[str, str] = {}
        self.details: dict[str, Any] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        check_corpus(predictions, references)
        pairs = [
            zip(*aligned_tags(prediction, several[0]), strict=True)
            for prediction, several in zip(predictions, references, strict=True)
        ]
        predicted, right = (set(_spans(column)) for column in zip(*pairs, strict=True))
        counts = [Counter(span.type for _, span in found) for found in (right, predicted, predicted & right)]
        kinds = sorted({*counts[0], *counts[1]})
        per_span = {kind: _figures(*(count[kind] for count in counts)) for kind in kinds}
        total = _figures(*(count.total() for count in counts))
        self.details = {"per_span": per_span}
        self.signature = {"span_f1": "micro average|conlleval|zero division:0"}
        return {f"span_{name}": total[name] for name in ("f1", "precision", "recall")}


def _spans(sentences: Iterable[tuple[str, ...]]) -> list[tuple[int, Any]]:
    """Every span with the number of its sentence."""
    return [(number, span) for number, tags in enumerate(sentences) for span in spans_of(tags)]


def _figures(num_spans: int, num_predicted: int, num_right: int) -> dict[str, float]:
    return {
        "precision": num_right / max(num_predicted, 1),
        "recall": num_right / max(num_spans, 1),
        "f1": 2 * num_right / max(num_predicted + num_spans, 1),
        "spans": num_spans,
        "predicted": num_predicted,
        "right": num_right,
    }
