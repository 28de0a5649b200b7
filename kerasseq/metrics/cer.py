"""How many characters of a transcript are wrong."""

from __future__ import annotations

from typing import Any

from kerasseq.metrics.edits import error_counts, error_rate, nearest_edits, require_jiwer, signature_of
from kerasseq.registry import register

ANSWERS = ("text",)


@register("metric")
class CharacterErrorRate:
    """Character error rate, from jiwer.

    100 (substitutions + deletions + insertions) / characters of the references, over all transcripts together

    Call arguments:
        predictions: Texts that a model wrote.
        references: For each prediction one reference or more; the one with the fewest errors counts.
    Attributes:
        details: Of the last call, `character_errors`: `hits`, `substitutions`, `deletions`, `insertions` and
            `confusions`, the commonest substitutions: what was right, what was said, how often.
    Returns:
        `cer`, 0 and more: above 100 where more is wrong than was said.
    Raises:
        KerasseqError: When it is made, if jiwer is not installed.
        ValueError: If predictions and references do not match.
    """

    from_text = True
    names = ("cer",)

    def __init__(self):
        require_jiwer("cer")
        self.signature: dict[str, str] = {}
        self.details: dict[str, Any] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        import jiwer

        found = nearest_edits(jiwer.process_characters, predictions, references)
        self.signature = {"cer": signature_of("character")}
        self.details = {"character_errors": error_counts(found)}
        return {"cer": error_rate(found)}
