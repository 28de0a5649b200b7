"""Spans of words, and the tags that spell them: IOB1, IOB2 and BIOES.

The data stage rewrites tags in another scheme, models rule out what a scheme never spells, and metrics count
spans.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

OUTSIDE = "O"
SCHEMES = ("iob1", "iob2", "bioes")
PREFIXES = "BIES"


class Span(NamedTuple):
    """Words `start` to `end`, exclusive, of one type; the type is empty where tags name none."""

    type: str
    start: int
    end: int


def parts_of(tag: str) -> tuple[str, str]:
    """`B-PER` as its prefix and its type, `B` and `PER`.

    Raises:
        ValueError: If a tag is neither O nor begins with B, I, E or S and a hyphen.
    """
    if tag == OUTSIDE:
        return OUTSIDE, ""
    prefix, hyphen, kind = tag.partition("-")
    if len(prefix) != 1 or prefix not in PREFIXES or (hyphen and not kind):
        raise ValueError(
            f"a tag of spans is O, or B, I, E or S with a type behind a hyphen. Received: {tag!r}"
        )
    return prefix, kind


def spans_of(tags: Sequence[str]) -> list[Span]:
    """The spans of a sentence, by the rules of conlleval, which read every scheme and mend what breaks it.

    Raises:
        ValueError: If a tag is no tag of spans.
    """
    found, start = [], 0
    before, kind_before = OUTSIDE, ""
    for place, tag in enumerate([*tags, OUTSIDE]):
        prefix, kind = parts_of(tag)
        if before != OUTSIDE and (kind != kind_before or _ends(before, prefix)):
            found.append(Span(kind_before, start, place))
            before = OUTSIDE
        if before == OUTSIDE:
            start = place
        before, kind_before = prefix, kind
    return found


def _ends(before: str, prefix: str) -> bool:
    """Whether a span ends between two tags of the same type."""
    return before in "ES" or prefix in "BSO"


def tags_of(spans: Sequence[Span], length: int, scheme: str) -> list[str]:
    """The tags of a sentence of `length` words, in a scheme of `SCHEMES`."""
    tags = [OUTSIDE] * length
    after: Span | None = None  # the span that ends where the next one begins
    for span in spans:
        prefixes = ["I"] * (span.end - span.start)
        if scheme != "iob1" or (after and after.end == span.start and after.type == span.type):
            prefixes[0] = "B"
        if scheme == "bioes":
            prefixes[-1] = "E" if len(prefixes) > 1 else "S"
        tags[span.start : span.end] = [
            f"{prefix}-{span.type}" if span.type else prefix for prefix in prefixes
        ]
        after = span
    return tags


def convert(tags: Sequence[str], scheme: str) -> list[str]:
    """Tags of any scheme in another one: the same spans.

    Raises:
        ValueError: If a tag is no tag of spans.
    """
    return tags_of(spans_of(tags), len(tags), scheme)


def may_follow(before: str | None, tag: str | None, scheme: str) -> bool:
    """Whether a scheme ever spells one tag behind another; None is the sentence's start, or its end."""
    prefix_before, kind_before = (OUTSIDE, "") if before is None else parts_of(before)
    prefix, kind = (OUTSIDE, "") if tag is None else parts_of(tag)
    continues = prefix_before in "BI" and kind_before == kind
    if scheme == "iob1":
        return prefix != "B" or continues
    if scheme == "iob2":
        return prefix != "I" or continues
    return continues if prefix in "IE" else prefix_before not in "BI"
