import itertools
from collections import Counter

import numpy as np

from kerasseq.data.ngrams import count_runs, ngram_log_probabilities
from kerasseq.specs import END_ID, START_ID

TEXTS = [[4, 5, 4], [5], [4, 5, 6, 4, 5]]
SIZE = 7


def counted(order):
    """Each run and its count, by hand."""
    found = Counter()
    for ids in TEXTS:
        marked = [START_ID] * (order - 1) + ids + [END_ID]
        found.update(tuple(marked[place - order + 1 : place + 1]) for place in range(order - 1, len(marked)))
    return found


def witten_bell(history, token, order):
    """The recursion as it is written, from counts of its own for each length of a run."""
    if order == 0:
        return 1 / SIZE
    following = {run[-1]: count for run, count in shorter(order).items() if run[:-1] == tuple(history)}
    below = witten_bell(history[1:], token, order - 1)
    if not following:
        return below
    kinds = len(following)
    return (following.get(token, 0) + kinds * below) / (sum(following.values()) + kinds)


def shorter(length, order=3):
    found = Counter()
    for run, count in counted(order).items():
        found[run[order - length :]] += count
    return found


def test_every_token_and_every_end_is_counted_once():
    runs, counts = count_runs(TEXTS, 3)
    assert {tuple(run): count for run, count in zip(runs.tolist(), counts.tolist(), strict=True)} == counted(
        3
    )
    assert counts.sum() == sum(len(ids) + 1 for ids in TEXTS)


def test_the_table_is_the_recursion():
    table = np.exp(ngram_log_probabilities(*count_runs(TEXTS, 3), SIZE))
    assert table.shape == (SIZE**2, SIZE)
    np.testing.assert_allclose(table.sum(axis=1), 1.0, rtol=1e-5)
    for first, second, token in itertools.product(range(SIZE), repeat=3):
        expected = witten_bell([first, second], token, 3)
        np.testing.assert_allclose(table[first * SIZE + second, token], expected, rtol=1e-5)


def test_a_run_of_one_knows_no_context():
    assert ngram_log_probabilities(*count_runs(TEXTS, 1), SIZE).shape == (1, SIZE)
