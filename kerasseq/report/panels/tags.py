"""Sentences in the colours of their tags, their mistakes, and how well each tag and span is found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from kerasseq.registry import register
from kerasseq.report import formatting
from kerasseq.report.panel import Panel
from kerasseq.report.run_files import RunFiles, predicted_split
from kerasseq.tag_schemes import OUTSIDE, parts_of

MOST_SENTENCES = 12
MOST_WRONG = 12
MOST_ROWS = 60
MOST_NAMED = 3
GOLDEN = 137.508  # degrees: however many colours there are, the next one is far from all of them


class Word(NamedTuple):
    """A word, its tag and how probable that is; `right` is the tag it should have, if that is another."""

    text: str
    tag: str
    hue: int | None
    hint: str
    right: str = ""


class Row(NamedTuple):
    """How well a tag or a type of span is found."""

    name: str
    hue: int | None
    values: list[str]


@register("panel")
def panel(run: RunFiles) -> Panel | None:
    """The tagged sentences of a split; nothing of a run whose answers are no tags."""
    lines = [line for line in run.predictions if isinstance(line.get("tags"), list)]
    if not lines:
        return None
    hues = _hues(lines)
    sentences = [_sentence(line, hues) for line in lines]
    wrong = [sentence for sentence in sentences if any(word.right for word in sentence)]
    step = max(len(sentences) // MOST_SENTENCES, 1)
    worst = sorted(wrong, key=lambda sentence: -sum(bool(word.right) for word in sentence))
    details = (run.metrics.get("details") or {}).get(predicted_split(run)) or {}
    return Panel(
        "Tags",
        {
            "sentences": sentences[::step][:MOST_SENTENCES],
            "worst": worst[:MOST_WRONG],
            "num_sentences": len(sentences),
            "num_wrong": len(wrong),
            "spans": [_span_row(name, found, hues) for name, found in _items(details, "per_span")],
            "tags": _tag_rows(details, hues),
            "num_left_out": max(len(details.get("per_tag") or {}) - MOST_ROWS, 0),
        },
        replaces_samples=True,
    )


def _items(details: Mapping[str, Any], key: str) -> list[tuple[str, Mapping[str, Any]]]:
    return list((details.get(key) or {}).items())


def _kind(tag: str) -> str:
    """What a tag has its colour by: the type of a span, nothing outside of spans, else the tag itself."""
    try:
        prefix, kind = parts_of(tag)
    except ValueError:
        return tag
    return "" if prefix == OUTSIDE else kind or prefix


def _hues(lines: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """A colour for each kind of tag, in degrees; the most frequent kinds come first."""
    counts = Counter(_kind(str(tag)) for line in lines for tag in line["tags"])
    kinds = sorted((kind for kind in counts if kind), key=lambda kind: (-counts[kind], kind))
    return {kind: round(210 + place * GOLDEN) % 360 for place, kind in enumerate(kinds)}


def _sentence(line: Mapping[str, Any], hues: Mapping[str, int]) -> list[Word]:
    texts, right = str(line.get("input", "")).split("\t"), str(line.get("reference", "")).split("\t")
    tags, scores = map(str, line["tags"]), line.get("scores") or [None] * len(texts)
    found = []
    for text, tag, wanted, score in zip(texts, tags, right, scores, strict=False):
        sure = "" if score is None else f", {formatting.metric('share', float(score))} sure"
        other = "" if tag == wanted else wanted
        found.append(Word(text, tag, hues.get(_kind(tag)), f"{tag}{sure}", other))
    return found


def _span_row(name: str, found: Mapping[str, Any], hues: Mapping[str, int]) -> Row:
    return Row(
        name, hues.get(name), [*_shares(found), *(f"{found[key]:,}" for key in ("spans", "predicted"))]
    )


def _tag_rows(details: Mapping[str, Any], hues: Mapping[str, int]) -> list[Row]:
    """The most frequent tags."""
    items = sorted(_items(details, "per_tag"), key=lambda item: -item[1]["words"])
    return [
        Row(name, hues.get(_kind(name)), [*_shares(found), f"{found['words']:,}", _mistakes(found)])
        for name, found in items[:MOST_ROWS]
    ]


def _shares(found: Mapping[str, Any]) -> list[str]:
    return [formatting.metric("share", found[key]) for key in ("precision", "recall", "f1")]


def _mistakes(found: Mapping[str, Any]) -> str:
    """`NOUN 12, ADJ 3`: what a tag is most often taken for."""
    several = list((found.get("taken_for") or {}).items())[:MOST_NAMED]
    return ", ".join(f"{name} {count:,}" for name, count in several)
