"""Chains of tags against all tag paths: sums, the likeliest, expected counts; padding changes nothing."""

import itertools

import numpy as np
import pytest
from keras import ops

from kerasseq.layers.chain import chain_score, log_normalizer, pair_marginals, tag_marginals, viterbi
from kerasseq.layers.scan import gradients
from tests.layers.parts import normal

TAGS, TIME = 3, 4
LENGTHS = np.array([4, 1, 3, 0])
MASK = np.arange(TIME) < LENGTHS[:, None]


def _potentials(time=TIME, seed=1):
    return normal(len(LENGTHS), time, TAGS, TAGS, seed=seed) * 2


def _paths(potentials, length):
    """Every tag path of a sentence and its score."""
    for path in itertools.product(range(TAGS), repeat=length):
        pairs = zip((0, *path), path, strict=False)
        yield path, sum(potentials[step, i, j] for step, (i, j) in enumerate(pairs))


def _expected_counts(potentials, length):
    counts = np.zeros((TIME, TAGS, TAGS))
    paths = list(_paths(potentials, length))
    total = sum(np.exp(score) for _, score in paths)
    for path, score in paths:
        for step, (i, j) in enumerate(zip((0, *path), path, strict=False)):
            counts[step, i, j] += np.exp(score) / total
    return counts


def test_the_sum_is_over_all_paths():
    potentials = _potentials()
    found = ops.convert_to_numpy(log_normalizer(potentials, MASK))
    for row, length in enumerate(LENGTHS):
        scores = [score for _, score in _paths(potentials[row], length)]
        assert found[row] == pytest.approx(np.log(np.sum(np.exp(scores))), rel=1e-5, abs=1e-6)


def test_the_gradient_of_the_sum_is_the_expected_counts():
    potentials = _potentials()
    weights = np.array([1.0, -2.0, 0.5, 3.0], "float32")
    found = gradients(lambda given: ops.sum(log_normalizer(given, MASK) * weights), potentials)
    marginals = ops.convert_to_numpy(pair_marginals(potentials, MASK))
    for row, length in enumerate(LENGTHS):
        counts = _expected_counts(potentials[row], length)
        np.testing.assert_allclose(marginals[row], counts, atol=1e-5)
        np.testing.assert_allclose(found[row], weights[row] * counts, atol=1e-5)


def test_the_gradient_is_the_automatic_one():
    potentials = ops.convert_to_tensor(_potentials())

    def plain(given):
        alpha = given[:, 0, 0]
        for step in range(1, TIME):
            after = ops.logsumexp(alpha[:, :, None] + given[:, step], axis=1)
            alpha = ops.where(MASK[:, step, None], after, alpha)
        return ops.sum(ops.where(MASK[:, 0], ops.logsumexp(alpha, axis=-1), 0.0))

    ours = gradients(lambda given: ops.sum(log_normalizer(given, MASK)), potentials)
    np.testing.assert_allclose(ours, gradients(plain, potentials), atol=1e-5)


def test_marginals_of_tags_add_up_to_one():
    found = ops.convert_to_numpy(tag_marginals(_potentials(), MASK))
    np.testing.assert_allclose(found.sum(axis=-1), MASK, atol=1e-5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_likeliest_path_is_the_best_of_all(seed):
    potentials = _potentials(seed=seed)
    tags, scores = map(ops.convert_to_numpy, viterbi(potentials, MASK))
    for row, length in enumerate(LENGTHS):
        best, score = max(_paths(potentials[row], length), key=lambda pair: pair[1])
        np.testing.assert_array_equal(tags[row], [*best, *[0] * (TIME - length)])
        assert scores[row] == pytest.approx(score, rel=1e-5)
    np.testing.assert_allclose(chain_score(potentials, tags, MASK), scores, rtol=1e-5)


def test_padding_is_not_read():
    short, mask = _potentials(), np.pad(MASK, [(0, 0), (0, 2)])
    longer = np.concatenate([short, np.full((len(LENGTHS), 2, TAGS, TAGS), 1e3, "float32")], axis=1)
    np.testing.assert_array_equal(log_normalizer(longer, mask), log_normalizer(short, MASK))
    np.testing.assert_array_equal(viterbi(longer, mask)[0][:, :TIME], viterbi(short, MASK)[0])
    found = gradients(lambda given: ops.sum(log_normalizer(given, mask)), longer)
    assert np.all(ops.convert_to_numpy(found)[~mask] == 0)
    for row, length in enumerate(LENGTHS[:3]):
        alone = log_normalizer(short[row : row + 1, :length], MASK[row : row + 1, :length])
        np.testing.assert_allclose(alone[0], log_normalizer(short, MASK)[row], rtol=1e-6)


def test_far_scores_stay_finite():
    potentials = _potentials() * 1e3
    assert np.all(np.isfinite(log_normalizer(potentials, MASK)))
    found = gradients(lambda given: ops.sum(log_normalizer(given, MASK)), potentials)
    assert np.all(np.isfinite(found))
