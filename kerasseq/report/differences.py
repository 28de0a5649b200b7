"""Which words two texts do not share."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from kerasseq.report.classes import is_of_class
from kerasseq.report.forecasts import is_forecast

MOST_PAIRS = 1_000_000  # comparing takes time in proportion to the product of both lengths


class Piece(NamedTuple):
    """A stretch of text, and whether the other text lacks it."""

    text: str
    differs: bool


def is_continuation(line: Mapping[str, Any]) -> bool:
    """Whether a line of predictions.jsonl goes on from its input, which can be done in many ways."""
    given = str(line.get("input", ""))
    texts = (str(line.get("prediction", "")), str(line.get("reference", "")))
    return bool(given) and all(text.startswith(given) for text in texts)


def are_continuations(predictions: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a model goes on from its inputs: a translation may begin with its source now and then."""
    asked = [line for line in predictions if line.get("input")]
    return bool(asked) and all(map(is_continuation, asked))


def comparison_of(line: Mapping[str, Any]) -> Callable[[str, str], tuple[list[Piece], list[Piece]]]:
    """How the prediction and the reference of a line of predictions.jsonl are held against each other."""
    if is_of_class(line):
        return whole
    return unmarked if is_forecast(line) or is_continuation(line) else differences


def unmarked(prediction: str, reference: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts as they are, where it tells nothing that they differ."""
    return [Piece(prediction, False)], [Piece(reference, False)]


def whole(prediction: str, reference: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts as one piece each, for names that are the same or not."""
    is_same = prediction == reference
    return [Piece(prediction, not is_same)], [Piece(reference, not is_same)]


def differences(prediction: str, reference: str) -> tuple[list[Piece], list[Piece]]:
    """Cuts both texts into what they share and what they do not.

    Words are compared; characters where neither text has a space, as in dates or Chinese. The pieces of each
    text, joined, are that text.
    """
    has_words = any(re.search(r"\s", text.strip()) for text in (prediction, reference))
    split = _words if has_words else _characters
    left, right = split(prediction), split(reference)
    if len(left) * len(right) > MOST_PAIRS:
        return whole(prediction, reference)
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=False)
    left_is_shared, right_is_shared = [False] * len(left), [False] * len(right)
    for block in matcher.get_matching_blocks():
        left_is_shared[block.a : block.a + block.size] = [True] * block.size
        right_is_shared[block.b : block.b + block.size] = [True] * block.size
    return _pieces(left, left_is_shared), _pieces(right, right_is_shared)


def _words(text: str) -> list[str]:
    return re.findall(r"\s+|\S+", text)


def _characters(text: str) -> list[str]:
    """Characters, each with the combining marks that follow it."""
    found: list[str] = []
    for character in text:
        if found and unicodedata.combining(character):
            found[-1] += character
        else:
            found.append(character)
    return found


def _pieces(tokens: list[str], is_shared: list[bool]) -> list[Piece]:
    """Neighbours of one kind, joined; a space between two differing words counts as differing."""
    differs = [not shared for shared in is_shared]
    for place, token in enumerate(tokens):
        if token.isspace():
            differs[place] = all(differs[max(place - 1, 0) : place] + differs[place + 1 : place + 2])
    pairs = zip(tokens, differs, strict=True)
    return [
        Piece("".join(token for token, _ in run), kind) for kind, run in groupby(pairs, key=lambda p: p[1])
    ]
