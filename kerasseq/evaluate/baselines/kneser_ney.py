"""How often each token stood behind the one or two before it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from nltk.lm.api import Smoothing
from nltk.lm.counter import NgramCounter
from nltk.lm.models import InterpolatedLanguageModel

from kerasseq.evaluate.baseline import NotMeasured
from kerasseq.registry import register
from kerasseq.specs import START_ID, PositiveInt, Probability, check_arguments

MODELS = ("language_model",)
FIELD = "text"
NEVER_LABELS = 2  # padding and `<s>`
LEAST_DISCOUNT, MOST_DISCOUNT = 0.1, 0.9


@register("baseline")
class KneserNey:
    """Interpolated Kneser-Ney, with NLTK, on the tokens of a language model.

    P(w | u v) = max(c(u v w) - D, 0) / c(u v) + D n(u v .) / c(u v) P(w | v), and so on with shorter runs of
    which not the occurrences are counted but the different tokens before them; the shortest goes on with
    1 / V. So every token has some probability, also one that training does not have.

    Args:
        order: Tokens of the longest run that is counted; 3 is a trigram model.
        discount: D of every order; null estimates one for each, n1 / (n1 + 2 n2), from the runs that stand
            there once and twice.
        most_tokens: The most training tokens to count; with more the baseline is left out.
    Call arguments:
        task: A language model's task.
        training: The split to count.
        split: The split to measure.
    Returns:
        The task's figures of that split, but for the accuracy.
    Raises:
        ValueError: If an option is out of its range.
        NotMeasured: If there are too many tokens.
    Reference:
        Kneser and Ney 1995; Chen and Goodman 1999, section 2.7, https://doi.org/10.1006/csla.1999.0128
    """

    measures_splits = True

    def __init__(
        self,
        *,
        order: PositiveInt = 3,
        discount: Probability | None = None,
        most_tokens: PositiveInt = 1_500_000,
    ):
        check_arguments(KneserNey.__init__, order=order, discount=discount, most_tokens=most_tokens)
        self.order = order
        self.discount = discount
        self.most_tokens = most_tokens

    def __call__(self, *, task: Any, training: Any, split: Any) -> dict[str, float]:
        num_tokens = training.num_tokens(FIELD)
        if num_tokens > self.most_tokens:
            more = f"{num_tokens:,} training tokens, more than `most_tokens` ({self.most_tokens:,})"
            raise NotMeasured(more)
        num_labels = task.features[FIELD].vocabulary_size - NEVER_LABELS
        model = fitted(training.documents(), order=self.order, discount=self.discount, num_labels=num_labels)
        runs, times = distinct_runs(split.documents(), self.order)
        found = [math.log(model.unmasked_score(run[-1], run[:-1])) for run in runs]
        total = sum(one * number for one, number in zip(found, times, strict=True))
        return task.figures({"log_probability": total, "num_tokens": sum(times)})


class Discounting(Smoothing):
    """Takes a discount off every count, and gives what that leaves to shorter runs.

    Args:
        counter: For the highest order how often each run stands there; for the others, how many different
            tokens stand before it.
        discounts: By order.
        num_labels: Tokens that the last part of the probability is shared by.
    """

    def __init__(self, vocabulary: Any, counter: Any, *, discounts: Mapping[int, float], num_labels: int):
        super().__init__(vocabulary, counter)
        self.discounts = discounts
        self.num_labels = num_labels

    def unigram_score(self, word: int) -> float:
        alpha, gamma = self._share(word, self.counts.unigrams, self.discounts[1])
        return alpha + gamma / self.num_labels

    def alpha_gamma(self, word: int, context: tuple[int, ...]) -> tuple[float, float]:
        return self._share(word, self.counts[context], self.discounts[len(context) + 1])

    @staticmethod
    def _share(word: int, counts: Any, discount: float) -> tuple[float, float]:
        total = counts.N()
        return max(counts[word] - discount, 0) / total, discount * len(counts) / total


def fitted(
    documents: Iterable[np.ndarray], *, order: int, discount: float | None, num_labels: int
) -> InterpolatedLanguageModel:
    """A model of documents, `<s> ids </s>` each."""
    runs, times = distinct_runs(documents, order)
    counter, discounts = NgramCounter(), {}
    for length in range(order, 0, -1):
        discounts[length] = estimated_discount(times) if discount is None else discount
        for (*context, word), number in zip(runs, times, strict=True):
            known = counter[length][tuple(context)] if context else counter.unigrams
            known[word] = number
        ends = Counter(run[1:] for run in runs)
        runs, times = list(ends), list(ends.values())
    options = {"discounts": discounts, "num_labels": num_labels}
    return InterpolatedLanguageModel(Discounting, order, counter=counter, params=options)


def distinct_runs(documents: Iterable[np.ndarray], order: int) -> tuple[list[tuple[int, ...]], list[int]]:
    """Every run of `order` tokens that ends with a label, and how often it stands there.

    Before a document's `<s>` stand as many more as the run that ends with its first label needs.
    """
    before = np.full(max(order - 2, 0), START_ID)
    tokens = np.concatenate([np.concatenate([before, document]) for document in documents])
    windows = np.lib.stride_tricks.sliding_window_view(tokens, order)  # (tokens, order)
    found, times = np.unique(windows[windows[:, -1] != START_ID], axis=0, return_counts=True)
    return list(map(tuple, found.tolist())), times.tolist()


def estimated_discount(times: Iterable[int]) -> float:
    """From how many runs were counted once and twice; never so little that nothing is left to others."""
    numbers = Counter(times)
    once, twice = numbers[1], numbers[2]
    estimate = once / (once + 2 * twice) if once else 0.0
    return min(max(estimate, LEAST_DISCOUNT), MOST_DISCOUNT)
