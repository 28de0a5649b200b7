"""ROUGE: how much of the reference a summary covers, and how much of it is to the point."""

from __future__ import annotations

from importlib.metadata import version

from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register

ANSWERS = ("text",)
NAMES = ("rouge1", "rouge2", "rougeL")


@register("metric")
class Rouge:
    """Mean F-measure of ROUGE-1, ROUGE-2 and ROUGE-L, from rouge-score.

    Reads lower-cased runs of Latin letters and digits only: a text in another script scores 0.

    Args:
        use_stemmer: Whether to compare words of more than three letters by their Porter stem.
    Call arguments:
        predictions: Texts that a model wrote.
        references: For each prediction one reference or more; the one that fits best counts.
    Returns:
        `rouge1`, `rouge2` and `rougeL`, each 0 to 100.
    Raises:
        ValueError: If predictions and references do not match.
    Reference:
        Lin 2004, https://aclanthology.org/W04-1013
    """

    from_text = True

    def __init__(self, *, use_stemmer: bool = False):
        self.use_stemmer = use_stemmer
        self.signature: dict[str, str] = {}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        from rouge_score.rouge_scorer import RougeScorer

        check_corpus(predictions, references)
        scorer = RougeScorer(NAMES, use_stemmer=self.use_stemmer)
        scores = [
            scorer.score_multi(several, prediction)
            for prediction, several in zip(predictions, references, strict=True)
        ]
        stemmer = "porter" if self.use_stemmer else "none"
        signature = f"f-measure|refs:best|mean|stemmer:{stemmer}|rouge-score:{version('rouge-score')}"
        self.signature = dict.fromkeys(NAMES, signature)
        return {name: 100.0 * sum(one[name].fmeasure for one in scores) / len(scores) for name in NAMES}
