"""Captions as the COCO evaluation reads them: lower-cased words without punctuation."""

from __future__ import annotations

import re
from typing import Literal

Tokenize = Literal["ptb", "none"]

CONTRACTION = re.compile(r"(?<=\w)(n't|'(?:s|re|ve|ll|d|m))\b")
TOKEN = re.compile(r"n't\b|'(?:s|re|ve|ll|d|m)\b|\w+(?:[-/.:,'&]\w+)*|[^\w\s]")
PUNCTUATION = frozenset("'\"`()[]{}.?!,:-;")  # what the COCO evaluation leaves out; a # or % is a word


def caption_words(text: str, tokenize: Tokenize) -> list[str]:
    """The words of a caption.

    Args:
        text: A caption.
        tokenize: `ptb` cuts and drops nearly as the Penn Treebank tokenizer of the COCO evaluation does: it
            splits "dog's" into "dog 's", leaves "close-up" whole, and drops the full stop of an abbreviation,
            which that keeps. `none` is for text that was tokenized before: it cuts at blanks.
    """
    if tokenize == "none":
        return text.split()
    return [word for word in TOKEN.findall(CONTRACTION.sub(r" \1", text.lower())) if word not in PUNCTUATION]


def ngrams(words: list[str], order: int) -> list[tuple[str, ...]]:
    """Every run of `order` words."""
    return [tuple(words[start : start + order]) for start in range(len(words) - order + 1)]
