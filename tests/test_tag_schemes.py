"""Every way to spell spans, read and written; what a scheme never spells, against all short sentences."""

import itertools

import pytest

from kerasseq.tag_schemes import SCHEMES, Span, convert, may_follow, parts_of, spans_of, tags_of

SPANS = [Span("PER", 0, 2), Span("PER", 2, 3), Span("LOC", 4, 5)]
SPELLED = {
    "iob1": "I-PER I-PER B-PER O I-LOC",
    "iob2": "B-PER I-PER B-PER O B-LOC",
    "bioes": "B-PER E-PER S-PER O S-LOC",
}


def _tilings(length, types):
    """All ways to lay spans over a sentence."""
    if length == 0:
        yield []
        return
    for rest in _tilings(length - 1, types):
        yield rest
    for size in range(1, length + 1):
        for rest in _tilings(length - size, types):
            for kind in types:
                yield [*rest, Span(kind, length - size, length)]


def test_every_scheme_is_here():
    assert tuple(SPELLED) == SCHEMES


@pytest.mark.parametrize("scheme", SCHEMES)
def test_spans_are_spelled_and_read(scheme):
    tags = SPELLED[scheme].split()
    assert spans_of(tags) == SPANS
    assert tags_of(SPANS, 5, scheme) == tags
    for other in SCHEMES:
        assert convert(SPELLED[other].split(), scheme) == tags


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("length", range(5))
def test_all_short_sentences_come_back(scheme, length):
    for spans in _tilings(length, ["A", "B"]):
        assert spans_of(tags_of(spans, length, scheme)) == spans


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_may_follow_is_what_the_scheme_spells(scheme):
    spelled = set()
    for spans in _tilings(4, ["A", "B"]):
        tags = [None, *tags_of(spans, 4, scheme), None]
        spelled.update(itertools.pairwise(tags))
    tags = {tag for pair in spelled for tag in pair if tag}
    for pair in itertools.product([None, *tags], repeat=2):
        if pair != (None, None):
            assert may_follow(*pair, scheme) == (pair in spelled), pair


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("I-PER", [("PER", 0, 1)]),  # a span need not begin with B
        ("B-PER I-LOC", [("PER", 0, 1), ("LOC", 1, 2)]),
        ("B-PER E-PER I-PER", [("PER", 0, 2), ("PER", 2, 3)]),
        ("S-PER I-PER", [("PER", 0, 1), ("PER", 1, 2)]),
        ("E-PER E-PER", [("PER", 0, 1), ("PER", 1, 2)]),
        ("B I O B", [("", 0, 2), ("", 3, 4)]),  # no types
        ("B-a-b I-a-b", [("a-b", 0, 2)]),
        ("O O", []),
        ("", []),
    ],
)
def test_broken_spelling_is_read_as_conlleval_does(tags, spans):
    assert spans_of(tags.split()) == spans


@pytest.mark.parametrize("tag", ["NOUN", "X-PER", "B-", "", "b-PER"])
def test_other_tags_are_refused(tag):
    with pytest.raises(ValueError, match=f"a tag of spans is O, or B, I, E or S .* Received: '{tag}'"):
        parts_of(tag)
