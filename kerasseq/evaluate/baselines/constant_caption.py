"""One caption for every picture: the one that people would agree on the most."""

from __future__ import annotations

import math
from collections import Counter

from kerasseq.metrics.caption_words import caption_words, ngrams
from kerasseq.registry import register

ORDERS = (1, 2, 3, 4)


@register("baseline")
class ConstantCaption:
    """Always gives the training caption whose words and runs of words are most like those of all others.

    That is the one with the largest mean cosine with all captions, by counts of runs of up to four words.

    Call arguments:
        inputs: What was asked in training; it does not matter.
        references: For each of these its captions, or one.
        questions: What is asked now.
    Returns:
        The same answer to each question.
    """

    def __call__(
        self, inputs: list[str], references: list[str | list[str]], questions: list[str]
    ) -> list[str]:
        captions = [
            caption for found in references for caption in (found if isinstance(found, list) else [found])
        ]
        vectors = {caption: _vector(caption) for caption in dict.fromkeys(captions)}
        mean: Counter = Counter()
        for caption in captions:
            mean.update(vectors[caption])
        best = max(
            vectors, key=lambda caption: sum(mean[gram] * part for gram, part in vectors[caption].items())
        )
        return [best] * len(questions)


def _vector(caption: str) -> dict[tuple[str, ...], float]:
    """Counts of runs of words, of length 1."""
    words = caption_words(caption, "ptb")
    counts = Counter(gram for order in ORDERS for gram in ngrams(words, order))
    length = math.sqrt(sum(count * count for count in counts.values()))
    return {gram: count / length for gram, count in counts.items()}
