"""How many characters of a transcript are wrong."""

from __future__ import annotations

from kerasseq.metrics.edits import ErrorRate
from kerasseq.registry import register

ANSWERS = ("text",)


@register("metric")
class CharacterErrorRate(ErrorRate):
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

    names = ("cer",)
    unit = "character"
