"""ROUGE-L as the COCO caption evaluation computes it."""

from __future__ import annotations

from kerasseq.metrics.caption_words import Tokenize, caption_words
from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register
from kerasseq.specs import check_arguments

ANSWERS = ("text",)
BETA = 1.2  # recall counts that many times as much as precision


@register("metric")
class CocoRouge:
    """ROUGE-L of captions: F of the longest common subsequence, with recall before precision.

    P = max_j lcs(c, s_j) / |c|, R = max_j lcs(c, s_j) / |s_j|, F = (1 + 1.2^2) P R / (R + 1.2^2 P), over the
    references s_j of a picture; the mean over all pictures.

    Args:
        tokenize: How captions become words; see `caption_words`.
    Call arguments:
        predictions: Captions that a model wrote.
        references: For each prediction one reference or more.
    Returns:
        `coco_rouge_l`, 0 to 100.
    Raises:
        ValueError: If predictions and references do not match.
    Reference:
        Lin 2004, https://aclanthology.org/W04-1013; Chen et al. 2015, section 3.3,
        https://arxiv.org/abs/1504.00325
    """

    from_text = True
    names = ("coco_rouge_l",)

    def __init__(self, *, tokenize: Tokenize = "ptb"):
        check_arguments(CocoRouge.__init__, tokenize=tokenize)
        self.tokenize = tokenize
        self.signature = {"coco_rouge_l": f"COCO|refs:best|tok:{tokenize}|beta:{BETA}|mean"}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        check_corpus(predictions, references)
        scores = [
            self._score(prediction, several)
            for prediction, several in zip(predictions, references, strict=True)
        ]
        return {"coco_rouge_l": 100.0 * sum(scores) / len(scores)}

    def _score(self, prediction: str, references: list[str]) -> float:
        words = caption_words(prediction, self.tokenize)
        others = [caption_words(reference, self.tokenize) for reference in references]
        shared = [(_longest_common(words, other), len(other)) for other in others]
        if not any(count for count, _ in shared):
            return 0.0
        precision = max(count for count, _ in shared) / len(words)
        recall = max(count / max(length, 1) for count, length in shared)
        return (1 + BETA**2) * precision * recall / (recall + BETA**2 * precision)


def _longest_common(left: list[str], right: list[str]) -> int:
    """The length of the longest common subsequence."""
    lengths = [0] * (len(right) + 1)
    for word in left:
        before = 0
        for place, other in enumerate(right, 1):
            before, lengths[place] = (
                lengths[place],
                before + 1 if word == other else max(lengths[place], lengths[place - 1]),
            )
    return lengths[-1]
