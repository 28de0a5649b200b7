import numpy as np
import pytest
from keras import ops

from kerasseq.decode.candidates import log_normalizer, top_candidates, top_k


@pytest.mark.parametrize("columns", [3, 80, 2560, 4096, 8000, 7993])
@pytest.mark.parametrize("k", [1, 3])
def test_top_k_is_that_of_a_sort(columns, k):
    values = np.random.default_rng(0).normal(size=(6, columns)).astype("float32")
    best, places = map(ops.convert_to_numpy, top_k(ops.convert_to_tensor(values), k))
    expected = np.argsort(-values, axis=-1, kind="stable")[:, :k]
    np.testing.assert_array_equal(places, expected)
    np.testing.assert_array_equal(best, np.take_along_axis(values, expected, axis=-1))


def test_among_equal_values_the_first_comes_first():
    values = np.random.default_rng(0).integers(0, 4, size=(20, 4000)).astype("float32")
    values[:, 2000:] = np.minimum(values[:, 2000:], 2.0)
    _, places = top_k(ops.convert_to_tensor(values), 7)
    expected = np.argsort(-values, axis=-1, kind="stable")[:, :7]
    np.testing.assert_array_equal(ops.convert_to_numpy(places), expected)


def test_top_k_reads_no_padding():
    values = np.full((2, 7993), -np.inf, "float32")
    values[:, -2:] = 1.0
    best, places = map(ops.convert_to_numpy, top_k(ops.convert_to_tensor(values), 3))
    assert places[:, :2].tolist() == [[7991, 7992]] * 2
    assert (best[:, 2] == -np.inf).all()


@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_the_normalizer_is_a_log_sum_exp(scale):
    logits = np.random.default_rng(0).normal(size=(5, 1000)) * scale
    largest = logits.max(-1)
    expected = largest + np.log(np.exp(logits - largest[:, None]).sum(-1))
    found = log_normalizer(ops.cast(logits, "float32"), ops.cast(largest, "float32"))
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-6)


def test_what_is_forbidden_is_struck_and_the_rest_keeps_its_probability():
    logits = np.array([[3.0, 0.0, 2.0, 1.0, -1.0]])
    log_probabilities, tokens = top_candidates(
        logits, count=2, forbidden_ids=(0, 2), end_id=3, end_is_allowed=None
    )
    assert ops.convert_to_numpy(tokens).tolist() == [[0, 2, 3, 1]]
    normalizer = np.log(np.exp(logits).sum())
    expected = [[-np.inf, -np.inf, 1 - normalizer, -normalizer]]
    np.testing.assert_allclose(ops.convert_to_numpy(log_probabilities), expected, rtol=1e-6)


@pytest.mark.parametrize("is_allowed", [True, False])
def test_the_end_may_have_to_wait(is_allowed):
    log_probabilities, tokens = top_candidates(
        np.array([[0.0, 0.0, 0.0, 9.0, 1.0]]),
        count=1,
        forbidden_ids=(),
        end_id=3,
        end_is_allowed=ops.convert_to_tensor(is_allowed),
    )
    assert ops.convert_to_numpy(tokens).tolist() == [[3, 4]]
    assert np.isfinite(ops.convert_to_numpy(log_probabilities)).tolist() == [[is_allowed, True]]


def test_no_token_is_likelier_than_certain():
    logits = np.array([[1e4, 0.0, 0.0]])
    log_probabilities, _ = top_candidates(logits, count=1, forbidden_ids=(), end_id=3, end_is_allowed=None)
    assert ops.convert_to_numpy(log_probabilities)[0, 0] == 0.0


def test_half_precision_logits_are_normalized_in_single():
    logits = np.random.default_rng(0).normal(size=(2, 3000)).astype("float16")
    options = {"count": 3, "forbidden_ids": (), "end_id": 3, "end_is_allowed": None}
    half, _ = top_candidates(ops.convert_to_tensor(logits), **options)
    single, _ = top_candidates(ops.convert_to_tensor(logits.astype("float32")), **options)
    np.testing.assert_array_equal(ops.convert_to_numpy(half), ops.convert_to_numpy(single))


@pytest.mark.parametrize("columns", [9, 2600])
def test_a_row_gets_the_same_bits_in_any_batch(columns):
    logits = np.random.default_rng(0).normal(size=(37, columns)).astype("float32")
    options = {"count": 3, "forbidden_ids": (0,), "end_id": 3, "end_is_allowed": None}
    whole, _ = top_candidates(logits, **options)
    for size in (1, 3, 17):
        part, _ = top_candidates(logits[:size], **options)
        np.testing.assert_array_equal(ops.convert_to_numpy(part), ops.convert_to_numpy(whole)[:size])
