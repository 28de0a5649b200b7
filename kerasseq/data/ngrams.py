"""How likely each token is behind those before it, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from kerasseq.specs import END_ID, START_ID


def count_runs(texts: Iterable[Sequence[int]], order: int) -> tuple[np.ndarray, np.ndarray]:
    """The runs of `order` tokens, (runs, order), and how often each stands there, (runs,).

    Before a text stand as many `<s>` as a run has tokens but one, and behind it `</s>`: each of its tokens,
    and its end, is the last one of a run.
    """
    counts: Counter[tuple[int, ...]] = Counter()
    for ids in texts:
        marked = (*[START_ID] * (order - 1), *ids, END_ID)
        counts.update(marked[first : first + order] for first in range(len(ids) + 1))
    found = sorted(counts.items())
    runs = np.array([run for run, _ in found], np.int32).reshape(-1, order)
    return runs, np.array([count for _, count in found], np.int64)


def ngram_log_probabilities(runs: np.ndarray, counts: np.ndarray, vocabulary_size: int) -> np.ndarray:
    """The logarithm of p(token | the tokens before it), Witten-Bell smoothed.

    p_n(w | h) = (c(h w) + t(h) p_{n-1}(w | h without its first)) / (c(h) + t(h))        p_0(w) = 1 / V

    with c how often a run stands there, and t(h) how many tokens follow h; where h never does, p_{n-1}.

    Args:
        runs: From `count_runs`.
        counts: Alike.
        vocabulary_size: V.
    Returns:
        (V ** (order - 1), V) float32: a context is a number whose digits, to the base V, are its tokens.
    Reference:
        Witten and Bell 1991; Chen and Goodman 1999, section 2.6
    """
    order = runs.shape[1]
    table = np.zeros((vocabulary_size,) * order, np.float32)
    table[tuple(runs.T)] = counts
    shares = np.full(vocabulary_size, 1 / vocabulary_size, np.float32)
    for length in range(1, order + 1):
        count = table.sum(axis=tuple(range(order - length)))
        total = count.sum(axis=-1, keepdims=True)
        kinds = (count > 0).sum(axis=-1, keepdims=True).astype(np.float32)
        mixed = (count + kinds * shares) / np.maximum(total + kinds, 1)
        shares = np.where(total > 0, mixed, np.broadcast_to(shares, mixed.shape))
    return np.log(shares).reshape(-1, vocabulary_size)
