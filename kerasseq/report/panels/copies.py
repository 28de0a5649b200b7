"""Words that a summary took over from its text because no vocabulary has them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from kerasseq.registry import register
from kerasseq.report.differences import Piece
from kerasseq.report.panel import Panel
from kerasseq.report.run_files import RunFiles

MOST_EXAMPLES = 8
MOST_LETTERS = 1000
JOINER = "\uffed"  # where a token touched its neighbour


class Copied(NamedTuple):
    """An example with copied words; those are the pieces that differ from the vocabulary."""

    input: list[Piece]
    prediction: list[Piece]


@register("panel")
def panel(run: RunFiles) -> Panel | None:
    """How many words were copied, and the first examples that have some; nothing where none can be."""
    copied = [_words(line) for line in run.predictions if isinstance(line.get("copied"), list)]
    if not copied:
        return None
    lines = [(line, words) for line, words in zip(run.predictions, copied, strict=True) if words]
    content = {
        "examples": [_example(line, words) for line, words in lines[:MOST_EXAMPLES]],
        "num_words": sum(map(len, copied)),
        "num_with": len(lines),
        "num_all": len(copied),
    }
    return Panel("Copied words", content)


def _words(line: Mapping[str, Any]) -> list[str]:
    words = (str(word).replace(JOINER, "") for word in line["copied"])
    return [word for word in words if word]


def _example(line: Mapping[str, Any], words: list[str]) -> Copied:
    text = str(line.get("input", ""))
    cut = text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]} …"
    return Copied(_marked(cut, words), _marked(str(line.get("prediction", "")), words))


def _marked(text: str, words: list[str]) -> list[Piece]:
    """A text in pieces, marked where it has one of some words, in whichever case."""
    found = "|".join(re.escape(word) for word in sorted(set(words), key=len, reverse=True))
    parts = re.split(rf"(?<!\w)({found})(?!\w)", text, flags=re.IGNORECASE)
    return [Piece(part, place % 2 == 1) for place, part in enumerate(parts) if part]
