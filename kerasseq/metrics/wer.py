"""How many words of a transcript are wrong."""

from __future__ import annotations

from typing import Any

from kerasseq.metrics.edits import error_counts, error_rate, nearest_edits, require_jiwer, signature_of
from kerasseq.registry import register

ANSWERS = ("text",)


@register("metric")
class WordErrorRate:
    """Word error rate, from jiwer.

    100 (substitutions + deletions + insertions) / words of the references, over all transcripts together

    Call arguments:
        predictions: Texts that a model wrote.
        references: For each prediction one reference or more; the one with the fewest errors counts.
    Attributes:
        details: Of the last call, `word_errors`: `hits`, `substitutions`, `deletions`, `insertions` and
            `confusions`, the commonest substitutions: what was right, what was said, how often.
    Returns:
        `wer`, 0 and more: above 100 where more is wrong than was said.
    Raises:
        KerasseqError: When it is made, if jiwer is not installed.
        ValueError: If predictions and references do not match.
    """

    from_text = True
    names = ("wer",)

    def __init__(self):
        require_jiwer("wer")
        self.signature: dict[str, str] = {}
        self.details: dict[str, Any] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        import jiwer

        found = nearest_edits(jiwer.process_words, predictions, references)
        self.signature = {"wer": signature_of("word")}
        self.details = {"word_errors": error_counts(found)}
        return {"wer": error_rate(found)}
