"""What a report shows of classes: which are taken for which, how well each is found, how sure a model is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kerasseq.report import formatting
from kerasseq.report.charts import Chart, bar_chart

MOST_CLASSES = 30
MOST_NAMED = 3


class Confusion(NamedTuple):
    """A confusion matrix: for each class its name and cells, a count, its share of the row and a hint."""

    classes: list[str]
    rows: list[tuple[str, list[tuple[int, float, str]]]]
    sentence: str


class ClassRow(NamedTuple):
    """How well one class is found."""

    name: str
    values: list[str]


def is_of_class(line: Mapping[str, Any]) -> bool:
    """Whether a line of predictions.jsonl is one of classes, which are right or wrong as a whole."""
    return "probabilities" in line


def confusion(details: Mapping[str, Any]) -> Confusion | None:
    """The confusion matrix of a split's `details`; None without one, or with too many classes."""
    found = details.get("confusion") or {}
    classes, counts = found.get("classes") or [], found.get("counts") or []
    if not 0 < len(classes) <= MOST_CLASSES:
        return None
    rows = []
    for reference, row in zip(classes, counts, strict=True):
        total = sum(row)
        cells = [
            (count, count / max(total, 1), f"{count:,} of {total:,} {reference} taken for {prediction}")
            for prediction, count in zip(classes, row, strict=True)
        ]
        rows.append((reference, cells))
    return Confusion(classes, rows, _mistakes(classes, counts))


def _mistakes(classes: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """`The most frequent mistakes: 12 mixed taken for positive, 3 positive for mixed.`"""
    wrong = [
        (count, reference, prediction)
        for reference, row in zip(classes, counts, strict=True)
        for prediction, count in zip(classes, row, strict=True)
        if count and reference != prediction
    ]
    if not wrong:
        return "No example is taken for another class."
    wrong.sort(key=lambda mistake: -mistake[0])
    told = ", ".join(
        f"{count:,} {reference} taken for {prediction}" for count, reference, prediction in wrong[:MOST_NAMED]
    )
    return f"The most frequent mistakes: {told}."


def class_rows(details: Mapping[str, Any]) -> list[ClassRow]:
    """Precision, recall, F1 and number of examples of each class."""
    return [
        ClassRow(
            name,
            [formatting.metric("share", found[key]) for key in ("precision", "recall", "f1")]
            + [f"{found['examples']:,}"],
        )
        for name, found in (details.get("per_class") or {}).items()
    ]


def reliability_chart(details: Mapping[str, Any]) -> list[Chart]:
    """How often answers are right, by the probability that the model gives them."""
    bins = details.get("calibration") or []
    bars = [
        (
            f"{100 * one['probability']:.0f}",
            100 * one["accuracy"],
            f"{one['examples']:,} examples: {one['probability']:.1%} probable, {one['accuracy']:.1%} right",
        )
        for one in bins
    ]
    title, x_label = "How often the model is right", "by the probability that it gives its answer, %"
    return [bar_chart(bars, title=title, x_label=x_label, y_label="right, %")] if bars else []
