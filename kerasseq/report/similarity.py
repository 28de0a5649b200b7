"""How close a prediction is to its reference, cheap enough for every example of a test split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

LONGEST_RUN = 4


def reference_of(line: Mapping[str, Any]) -> str:
    """The reference of a line of predictions.jsonl: of several, the one that is most like the prediction."""
    found = line.get("reference", "")
    if isinstance(found, list) and found and all(isinstance(one, str) for one in found):
        return max(found, key=lambda one: similarity(str(line.get("prediction", "")), one))
    return str(found)


def similarity(prediction: str, reference: str) -> float:
    """The F1 score of runs of 1 to 4 characters, averaged over their lengths.

    1 means the same text, 0 that no character is shared. It ranks examples; the published metric is chrF.

    Reference:
        The idea is that of chrF, Popović 2015, https://aclanthology.org/W15-3049
    """
    if prediction == reference:
        return 1.0
    longest = min(LONGEST_RUN, max(len(prediction), len(reference)))
    scores = [_f1(_runs(prediction, length), _runs(reference, length)) for length in range(1, longest + 1)]
    return sum(scores) / len(scores)


def _runs(text: str, length: int) -> Counter[str]:
    return Counter(text[start : start + length] for start in range(len(text) - length + 1))


def _f1(predicted: Counter[str], wanted: Counter[str]) -> float:
    total = predicted.total() + wanted.total()
    return 2 * (predicted & wanted).total() / total if total else 0.0
