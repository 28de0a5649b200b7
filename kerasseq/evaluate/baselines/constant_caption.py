"""One caption for every picture: the one that people would agree on the most."""

from __future__ import annotations

import math
from collections import Counter

from kerasseq.metrics.caption_words import caption_words, ngrams
from kerasseq.registry import register

MODELS = ("captioner",)
ORDERS = (1, 2, 3, 4)


@register("baseline")
class ConstantCaption:
    """Always gives the training caption that is most like the captions of all training pictures.

    Alike as CIDEr has it: a run of up to four words weighs the less, the more pictures have it in a caption,
    and what counts is the mean cosine with all captions, over the lengths of runs.

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
        several = [found if isinstance(found, list) else [found] for found in references]
        counts = {caption: _counts(caption) for found in several for caption in found}
        pictures_with = Counter(
            gram for found in several for gram in {gram for caption in found for gram in counts[caption]}
        )
        vectors = {caption: _vector(counts[caption], pictures_with, len(several)) for caption in counts}
        total: Counter = Counter()
        for caption in (caption for found in several for caption in found):
            total.update(vectors[caption])
        likeness = {
            caption: sum(total[gram] * part for gram, part in vector.items())
            for caption, vector in vectors.items()
        }
        return [max(likeness, key=likeness.__getitem__)] * len(questions)


def _counts(caption: str) -> Counter:
    words = caption_words(caption, "ptb")
    return Counter(gram for order in ORDERS for gram in ngrams(words, order))


def _vector(counts: Counter, pictures_with: Counter, num_pictures: int) -> dict[tuple[str, ...], float]:
    """A caption's runs by their weights; those of each length have the norm 1."""
    # One more picture than there are: where every one has a word, it still counts a little.
    weighed = {
        gram: count * math.log((num_pictures + 1) / pictures_with[gram]) for gram, count in counts.items()
    }
    squares: Counter = Counter()
    for gram, weight in weighed.items():
        squares[len(gram)] += weight * weight
    return {gram: weight / math.sqrt(squares[len(gram)]) for gram, weight in weighed.items()}
