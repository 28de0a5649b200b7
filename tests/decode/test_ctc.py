"""Searches over frames, held against every transcript that there is."""

import collections
import itertools

import keras
import numpy as np
import pytest

from kerasseq.decode.ctc_beam import CTCBeam
from kerasseq.decode.ctc_greedy import CTCGreedy
from kerasseq.specs import END_ID, START_ID

FRAMES, VOCABULARY = 5, 7
SPOKEN = [token for token in range(1, VOCABULARY) if token not in (START_ID, END_ID)]
LOGITS = (np.random.default_rng(0).normal(size=(4, FRAMES, VOCABULARY)) * 1.5).astype("float32")


def said(alignment):
    return tuple(token for token, _ in itertools.groupby(alignment) if token)


def log_softmax(logits):
    logits = logits.astype("float64")
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


def transcripts(logits):
    """Every transcript of one recording with its log-probability, the likeliest first."""
    log_probabilities = log_softmax(logits)
    chances = collections.defaultdict(float)
    for alignment in itertools.product([0, *SPOKEN], repeat=len(logits)):
        chances[said(alignment)] += np.exp(log_probabilities[np.arange(len(logits)), alignment].sum())
    return sorted(((np.log(chance), tokens) for tokens, chance in chances.items()), reverse=True)


def blanks(count):
    """Frames behind the end of a recording."""
    padding = np.full((len(LOGITS), count, VOCABULARY), -1e9, "float32")
    padding[..., 0] = 0.0
    return padding


def texts(found, hypothesis=0):
    return [
        tuple(row[:length])
        for row, length in zip(
            np.asarray(found.tokens)[:, hypothesis], np.asarray(found.lengths)[:, hypothesis], strict=True
        )
    ]


def test_a_beam_as_wide_as_the_search_finds_the_likeliest_transcripts():
    expected = [transcripts(row) for row in LOGITS]
    width = max(map(len, expected))
    found = CTCBeam(beam_width=width, num_hypotheses=20)(LOGITS)
    for place in range(20):
        assert texts(found, place) == [row[place][1] for row in expected]
        scores = [row[place][0] for row in expected]
        np.testing.assert_allclose(np.asarray(found.scores)[:, place], scores, rtol=1e-4)


@pytest.mark.parametrize("order", [1, 3])
def test_a_prior_and_a_bonus_are_weighed(order):
    random = np.random.default_rng(order)
    prior = np.log(random.dirichlet(np.full(VOCABULARY, 0.5), size=VOCABULARY ** (order - 1))).astype(
        "float32"
    )
    weight, bonus = 0.7, 0.4

    def liking(tokens):
        marked = (*[START_ID] * (order - 1), *tokens, END_ID)
        contexts = [marked[place : place + order - 1] for place in range(len(tokens) + 1)]
        numbers = [
            sum(token * VOCABULARY**digit for digit, token in enumerate(reversed(c))) for c in contexts
        ]
        said = sum(prior[number, token] for number, token in zip(numbers, marked[order - 1 :], strict=True))
        return weight * said + bonus * len(tokens)

    expected = [
        sorted(((chance + liking(tokens), tokens) for chance, tokens in transcripts(row)), reverse=True)
        for row in LOGITS
    ]
    decoder = CTCBeam(beam_width=len(expected[0]), num_hypotheses=5, prior_weight=weight, token_bonus=bonus)
    found = decoder(LOGITS, prior=prior)
    for place in range(5):
        assert texts(found, place) == [row[place][1] for row in expected]
        scores = [row[place][0] for row in expected]
        np.testing.assert_allclose(np.asarray(found.scores)[:, place], scores, rtol=1e-4)
    chances = [{tokens: chance for chance, tokens in transcripts(row)} for row in LOGITS]
    best = [chance[tokens] for chance, tokens in zip(chances, texts(found), strict=True)]
    np.testing.assert_allclose(np.asarray(found.log_probabilities)[:, 0], best, rtol=1e-4)


def test_the_likeliest_transcript_need_not_have_the_likeliest_alignment():
    logits = np.log(np.array([[[0.4, 0.0, 0.0, 0.0, 0.35, 0.25, 0.0]] * 2]) + 1e-9).astype("float32")
    assert texts(CTCGreedy()(logits)) == [()]
    assert texts(CTCBeam()(logits)) == [(4,)]
    np.testing.assert_allclose(CTCBeam()(logits).scores, [[np.log(0.35**2 + 2 * 0.35 * 0.4)]], rtol=1e-4)


def test_equal_tokens_need_a_blank_between_them():
    certain = np.full((2, 3, VOCABULARY), -30.0, "float32")
    for row, alignment in enumerate([(4, 4, 5), (4, 0, 4)]):
        certain[row, np.arange(3), alignment] = 30.0
    for decoder in (CTCGreedy(), CTCBeam()):
        assert texts(decoder(certain)) == [(4, 5), (4, 4)]


def test_greedy_is_the_likeliest_alignment():
    log_probabilities = log_softmax(LOGITS)
    log_probabilities[..., [START_ID, END_ID]] = -np.inf
    found = CTCGreedy()(LOGITS)
    assert texts(found) == [said(row) for row in log_probabilities.argmax(-1)]
    np.testing.assert_allclose(np.asarray(found.scores)[:, 0], log_probabilities.max(-1).sum(-1), rtol=1e-5)


@pytest.mark.parametrize("decoder", [CTCGreedy(), CTCBeam(beam_width=3, num_hypotheses=2)])
def test_a_batch_is_its_rows_and_frames_behind_the_end_change_nothing(decoder):
    found, padded = decoder(LOGITS), decoder(np.concatenate([LOGITS, blanks(4)], axis=1))
    np.testing.assert_array_equal(np.asarray(padded.tokens)[..., :FRAMES], found.tokens)
    assert not np.asarray(padded.tokens)[..., FRAMES:].any()
    np.testing.assert_array_equal(padded.lengths, found.lengths)
    np.testing.assert_allclose(padded.scores, found.scores, rtol=1e-6)
    for row in (0, 3):
        alone = decoder(LOGITS[row : row + 1])
        for ours, theirs in zip(alone[:4], found[:4], strict=True):
            np.testing.assert_allclose(np.asarray(ours)[0], np.asarray(theirs)[row], rtol=1e-6)


@pytest.mark.parametrize("decoder", [CTCGreedy(), CTCBeam(beam_width=3)])
def test_the_ends_of_texts_are_never_said(decoder):
    logits = LOGITS.copy()
    logits[..., [START_ID, END_ID]] = 40.0
    for text in texts(decoder(logits)):
        assert not {START_ID, END_ID} & set(text)


def test_what_is_not_there_has_no_score():
    found = CTCBeam(beam_width=40, num_hypotheses=40)(LOGITS[:, :1])
    there = [1 + len(SPOKEN)] * len(LOGITS)
    np.testing.assert_array_equal(np.isfinite(np.asarray(found.scores)).sum(-1), there)
    assert not np.asarray(found.lengths)[:, len(SPOKEN) + 1 :].any()


@pytest.mark.parametrize("decoder", [CTCGreedy(), CTCBeam(beam_width=3)])
def test_runs_in_a_graph_for_any_size(decoder):
    if keras.backend.backend() != "tensorflow":
        pytest.skip("graphs of any size are TensorFlow's")
    import tensorflow as tf

    graph = tf.function(decoder, input_signature=[tf.TensorSpec((None, None, VOCABULARY))], autograph=False)
    for logits in (LOGITS, LOGITS[:2, :3]):
        np.testing.assert_array_equal(graph(logits).tokens, decoder(logits).tokens)


def test_says_what_is_wrong():
    with pytest.raises(ValueError, match="`beam_width` must be positive. Received: beam_width=0"):
        CTCBeam(beam_width=0)
    with pytest.raises(
        ValueError, match="must not exceed `beam_width`. Received: num_hypotheses=3, beam_width=2"
    ):
        CTCBeam(beam_width=2, num_hypotheses=3)
    with pytest.raises(ValueError, match="`prior_weight` needs a prior. Received: prior_weight=0.5"):
        CTCBeam(prior_weight=0.5)(LOGITS)
