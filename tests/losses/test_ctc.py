import collections
import functools
import itertools

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.frame_scores import blank_after
from kerasseq.losses.ctc import IMPOSSIBLE, CTCLoss, ctc_log_probability
from tests.losses.test_masked_cross_entropy import value_and_gradient

# Repetitions, none at all, as many as there are frames, and too many for them.
LABELS = np.array([[3, 3, 4, 0, 0], [0, 0, 0, 0, 0], [1, 2, 0, 0, 0], [1, 2, 3, 4, 1], [2, 2, 2, 2, 0]])
IS_POSSIBLE = np.array([True, True, True, True, False])
FRAMES, VOCABULARY = 6, 5
FITS = 5  # frames for which each transcript above still fits where it does


def random_logits(*, frames=FRAMES, scale=2.0):
    return (np.random.default_rng(0).normal(size=(len(LABELS), frames, VOCABULARY)) * scale).astype("float32")


def said(alignment):
    """What an alignment says: repetitions merged, then blanks dropped."""
    return [token for token, _ in itertools.groupby(alignment) if token]


@functools.cache
def alignments(frames, vocabulary_size):
    """Every alignment that there is, by what it says."""
    found = collections.defaultdict(list)
    for alignment in itertools.product(range(vocabulary_size), repeat=frames):
        found[tuple(said(alignment))].append(alignment)
    return found


def expected_probability(labels, logits):
    """The sum over every alignment that says the labels, in float64."""
    exponents = np.exp(logits.astype("float64"))
    shares = exponents / exponents.sum(-1, keepdims=True)
    found = alignments(*logits.shape).get(tuple(token for token in labels if token), [])
    return sum(np.prod(shares[np.arange(len(logits)), alignment]) for alignment in found)


def expected_log_probabilities(logits):
    chances = np.array([expected_probability(*row) for row in zip(LABELS, logits, strict=True)])
    return np.log(np.maximum(chances, 1e-300))


def test_is_the_sum_over_all_alignments():
    logits = random_logits()
    found = np.asarray(ctc_log_probability(LABELS, logits))
    np.testing.assert_allclose(found[IS_POSSIBLE], expected_log_probabilities(logits)[IS_POSSIBLE], rtol=1e-5)
    assert found[~IS_POSSIBLE] < IMPOSSIBLE


def test_the_blank_is_id_0():
    logits = np.zeros((1, 2, 3), "float32")
    logits[..., 0] = 50.0
    np.testing.assert_allclose(ctc_log_probability(np.array([[0]]), logits), [0.0], atol=1e-6)
    assert float(ctc_log_probability(np.array([[1]]), logits)[0]) < -40


def test_the_loss_is_a_mean_over_the_tokens_of_what_is_possible():
    logits = random_logits()
    expected = -expected_log_probabilities(logits)[IS_POSSIBLE].sum() / (3 + 1 + 2 + 5)
    np.testing.assert_allclose(float(CTCLoss()(LABELS, logits)), expected, rtol=1e-5)


def test_examples_are_weighed_in_the_sum_and_in_the_count():
    logits = random_logits()
    expected = -expected_log_probabilities(logits)[[0, 2]] @ [2.0, 1.0] / (2 * 3 + 2)
    found = CTCLoss()(LABELS, logits, sample_weight=np.array([2.0, 0.0, 1.0, 0.0, 5.0]))
    np.testing.assert_allclose(float(found), expected, rtol=1e-5)


def test_the_gradient_is_the_slope():
    logits = random_logits()
    direction = np.random.default_rng(1).normal(size=logits.shape)
    _, gradient = value_and_gradient(lambda logits: CTCLoss()(LABELS, logits), logits)
    up, down = (
        -expected_log_probabilities(logits + sign * 1e-5 * direction)[IS_POSSIBLE].sum() / 11
        for sign in (1, -1)
    )
    np.testing.assert_allclose((gradient * direction).sum(), (up - down) / 2e-5, rtol=1e-4)
    assert not gradient[~IS_POSSIBLE].any()


def test_the_gradient_is_that_of_tensorflow():
    tf = pytest.importorskip("tensorflow")
    rows = IS_POSSIBLE

    def theirs(logits):
        lengths = ops.sum(LABELS[rows] != 0, axis=1)
        labels = tf.constant(LABELS[rows], tf.int32)
        frames = tf.fill([len(labels)], FRAMES)
        return tf.reduce_sum(
            tf.nn.ctc_loss(labels, logits, lengths, frames, logits_time_major=False, blank_index=0)
        )

    _, ours = value_and_gradient(
        lambda z: -ops.sum(ctc_log_probability(LABELS[rows], z)), random_logits()[rows]
    )
    _, expected = value_and_gradient(theirs, random_logits()[rows])
    np.testing.assert_allclose(ours, expected, atol=1e-5)


def test_frames_behind_the_end_change_neither_loss_nor_gradient():
    logits = random_logits(frames=9)
    mask = np.broadcast_to(np.arange(9) < FITS, (len(LABELS), 9))
    short, slope = value_and_gradient(lambda z: CTCLoss()(LABELS, z), logits[:, :FITS])
    long, padded = value_and_gradient(lambda z: CTCLoss()(LABELS, blank_after(z, mask)), logits)
    np.testing.assert_allclose(long, short, rtol=1e-6)
    np.testing.assert_allclose(padded[:, :FITS], slope, atol=1e-6)
    assert not padded[:, FITS:].any()


def test_a_row_is_the_same_alone_and_among_longer_transcripts():
    logits = random_logits()
    together = np.asarray(ctc_log_probability(LABELS, logits))
    for row in np.flatnonzero(IS_POSSIBLE):
        cut = LABELS[row : row + 1, : max(int((LABELS[row] != 0).sum()), 1)]
        np.testing.assert_allclose(ctc_log_probability(cut, logits[row : row + 1]), together[row], rtol=1e-6)


def test_a_long_recording_stays_finite():
    random = np.random.default_rng(2)
    logits = (random.normal(size=(2, 700, 30)) * 8).astype("float32")
    labels = random.integers(1, 30, size=(2, 120))
    value, gradient = value_and_gradient(lambda z: CTCLoss()(labels, z), logits)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    np.testing.assert_allclose(gradient.sum(-1), 0.0, atol=1e-4)  # shares of both sides add up to 1


def test_is_zero_where_nothing_fits():
    value, gradient = value_and_gradient(lambda z: CTCLoss()(np.array([[1, 1]]), z), np.ones((1, 2, 3), "f"))
    assert value == 0.0
    assert not gradient.any()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_logits_are_computed_in_single(dtype):
    logits = ops.cast(random_logits(), dtype)
    single = np.asarray(ops.convert_to_numpy(ops.cast(logits, "float32")))
    value, gradient = value_and_gradient(lambda z: CTCLoss()(LABELS, z), logits)
    expected = -expected_log_probabilities(single)[IS_POSSIBLE].sum() / 11
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    assert gradient.dtype == dtype


def test_survives_serialization():
    again = keras.losses.deserialize(keras.losses.serialize(CTCLoss(name="speech")))
    assert isinstance(again, CTCLoss)
    assert again.name == "speech"
