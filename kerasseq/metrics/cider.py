"""CIDEr-D: how much of what people agree on a caption says."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

from kerasseq.metrics.caption_words import Tokenize, caption_words, ngrams
from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register
from kerasseq.specs import PositiveFloat, check_arguments

ANSWERS = ("text",)
ORDERS = (1, 2, 3, 4)
SCALE = 10.0


@register("metric")
class Cider:
    """CIDEr-D, from 0 to 10 as the COCO evaluation prints it; papers often show a hundredfold.

    An n-gram weighs the less, the more pictures have it in a reference:

    g_n(c) = count_n(c) log(pictures / pictures with n), and over the m references s_j of a picture
    CIDEr-D_n(c) = 10 / m sum_j exp(-(l(c) - l(s_j))^2 / (2 sigma^2)) min(g_n(c), g_n(s_j)) g_n(s_j) /
    (|g_n(c)| |g_n(s_j)|)

    with the mean over n = 1 to 4. Weights come from the references that are given: scores of different
    splits, or of a part of one, do not compare.

    Args:
        tokenize: How captions become words; see `caption_words`.
        sigma: Of the penalty on the difference in length.
    Call arguments:
        predictions: Captions that a model wrote.
        references: For each prediction one reference or more.
    Returns:
        `cider`, 0 where nothing is shared.
    Raises:
        ValueError: If an argument is out of its range, or predictions and references do not match.
    Reference:
        Vedantam et al. 2015, section 4 and supplement, https://arxiv.org/abs/1411.5726
    """

    from_text = True
    names = ("cider",)

    def __init__(self, *, tokenize: Tokenize = "ptb", sigma: PositiveFloat = 6.0):
        check_arguments(Cider.__init__, tokenize=tokenize, sigma=sigma)
        self.tokenize = tokenize
        self.sigma = sigma
        self.signature = {"cider": f"CIDEr-D|refs:all|tok:{tokenize}|sigma:{sigma:g}|idf:these references"}

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        check_corpus(predictions, references)
        written = [self._counts(prediction) for prediction in predictions]
        right = [[self._counts(reference) for reference in several] for several in references]
        pictures_with = Counter(
            gram for several in right for gram in {gram for counts in several for gram in counts}
        )
        log_pictures = math.log(len(right))

        def weighed(counts: Counter) -> dict[tuple, float]:
            return {
                gram: count * (log_pictures - math.log(max(pictures_with[gram], 1)))
                for gram, count in counts.items()
            }

        scores = []
        for counts, several in zip(written, right, strict=True):
            vector, length = weighed(counts), _num_bigrams(counts)
            likenesses = [
                self._likeness(vector, weighed(other), length - _num_bigrams(other)) for other in several
            ]
            scores.append(SCALE * sum(likenesses) / len(several))
        return {"cider": sum(scores) / len(scores)}

    def _counts(self, text: str) -> Counter:
        words = caption_words(text, self.tokenize)
        return Counter(gram for order in ORDERS for gram in ngrams(words, order))

    def _likeness(self, vector: dict[tuple, float], other: dict[tuple, float], difference: int) -> float:
        """The mean over the orders of a cosine that counts no n-gram more often than the reference has it."""
        products, norms, other_norms = (dict.fromkeys(ORDERS, 0.0) for _ in range(3))
        for gram, value in vector.items():
            norms[len(gram)] += value * value
            there = other.get(gram, 0.0)
            products[len(gram)] += min(value, there) * there
        for gram, value in other.items():
            other_norms[len(gram)] += value * value
        cosines = (_ratio(products[n], math.sqrt(norms[n] * other_norms[n])) for n in ORDERS)
        return _mean(cosines) * math.exp(-(difference**2) / (2 * self.sigma**2))


def _num_bigrams(counts: Counter) -> int:
    """What the COCO evaluation takes for a caption's length: a constant less than its words."""
    return sum(count for gram, count in counts.items() if len(gram) == 2)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _mean(values: Iterable[float]) -> float:
    return sum(values) / len(ORDERS)
