"""BLEU-1 to BLEU-4 as the COCO caption evaluation computes them."""

from __future__ import annotations

import math
from collections import Counter

from kerasseq.metrics.caption_words import Tokenize, caption_words, ngrams
from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register
from kerasseq.specs import check_arguments

ANSWERS = ("text",)
ORDERS = (1, 2, 3, 4)
ALMOST_NONE = 1e-15  # what an order without a match counts, so that there is a logarithm
SMALL = 1e-9


@register("metric")
class CocoBleu:
    """Corpus BLEU-1 to BLEU-4 of captions: words without punctuation, several references, no smoothing.

    The reference length is that of the reference nearest in length to each caption, the shorter of two.

    Args:
        tokenize: How captions become words; see `caption_words`.
    Call arguments:
        predictions: Captions that a model wrote.
        references: For each prediction one reference or more.
    Returns:
        `coco_bleu_1` to `coco_bleu_4`, each 0 to 100.
    Raises:
        ValueError: If predictions and references do not match.
    Reference:
        Papineni et al. 2002, https://aclanthology.org/P02-1040; Chen et al. 2015, section 3.2,
        https://arxiv.org/abs/1504.00325
    """

    from_text = True
    names = tuple(f"coco_bleu_{order}" for order in ORDERS)

    def __init__(self, *, tokenize: Tokenize = "ptb"):
        check_arguments(CocoBleu.__init__, tokenize=tokenize)
        self.tokenize = tokenize
        self.signature = dict.fromkeys(self.names, f"COCO|refs:all|tok:{tokenize}|len:closest|smooth:none")

    def __call__(self, predictions: list[str], references: list[list[str]]) -> dict[str, float]:
        check_corpus(predictions, references)
        right, written = dict.fromkeys(ORDERS, 0), dict.fromkeys(ORDERS, 0)
        length = wanted = 0
        for prediction, several in zip(predictions, references, strict=True):
            words = caption_words(prediction, self.tokenize)
            others = [caption_words(reference, self.tokenize) for reference in several]
            length += len(words)
            wanted += min(map(len, others), key=lambda size: (abs(size - len(words)), size))
            for order in ORDERS:
                counts, most = Counter(ngrams(words, order)), Counter()
                for other in others:
                    most |= Counter(ngrams(other, order))
                right[order] += (counts & most).total()
                written[order] += counts.total()
        brevity = min(1.0, math.exp(1 - (wanted + SMALL) / (length + ALMOST_NONE))) if length else 0.0
        scores, product = {}, 1.0
        for order, name in zip(ORDERS, self.names, strict=True):
            product *= (right[order] + ALMOST_NONE) / (written[order] + SMALL)
            scores[name] = 100.0 * brevity * product ** (1 / order)
        return scores
