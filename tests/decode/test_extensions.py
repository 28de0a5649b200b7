import numpy as np
import pytest
from keras import ops

from kerasseq.decode.extensions import best_extensions, group_size, in_groups, log_normalizer, struck_tokens

VOCABULARIES = [7, 256, 2600, 2551]  # 2600 = 32.5 * 80 has divisors, 2551 is a prime
FORBIDDEN = {0: True, 2: True}


def extensions(logits, log_probabilities, rows, **options):
    arguments = (
        ops.convert_to_tensor(logits),
        ops.convert_to_tensor(log_probabilities, dtype="float32"),
        ops.convert_to_tensor(rows, dtype="int32"),
    )
    return tuple(map(ops.convert_to_numpy, best_extensions(*arguments, **options)))


def log_softmax(logits):
    logits = logits.astype("float64")
    largest = logits.max(-1, keepdims=True)
    return logits - largest - np.log(np.exp(logits - largest).sum(-1, keepdims=True))


def alone(logits, **options):
    """Greedy's question: one slot an example, and the log-probability of its best token."""
    rows = np.arange(len(logits))[:, None]
    _, tokens, log_probabilities = extensions(logits, np.zeros((len(logits), 1)), rows, count=1, **options)
    return tokens[:, 0], log_probabilities[:, 0]


@pytest.mark.parametrize("columns", VOCABULARIES)
@pytest.mark.parametrize("struck", [{}, FORBIDDEN, {5: True, 6: True}], ids=str)
def test_the_best_of_all_extensions_come_first(columns, struck):
    random = np.random.default_rng(columns)
    logits = random.normal(size=(5, columns)).astype("float32") * 3
    so_far = np.array([[-1.0, -2.0, -np.inf], [-0.5, -np.inf, -0.6], [-np.inf, -3.0, -np.inf]])
    rows = np.array([[0, 1, 1], [2, 2, 3], [3, 4, 4]])
    parents, tokens, best = extensions(logits, so_far, rows, count=3, struck=struck)

    table = so_far[..., None] + log_softmax(logits)[rows]
    table[:, :, list(struck)] = -np.inf
    expected = np.argsort(-table.reshape(3, -1), axis=-1, kind="stable")[:, :3]
    np.testing.assert_array_equal(parents * columns + tokens, expected)
    np.testing.assert_allclose(best, np.take_along_axis(table.reshape(3, -1), expected, axis=-1), rtol=1e-5)


def test_what_the_model_says_of_an_empty_slot_does_not_count():
    logits = np.array([[np.nan, 9.0, 9.0], [0.0, 1.0, 2.0]], "float32")
    parents, tokens, best = extensions(logits, [[-np.inf, -1.0]], [[0, 1]], count=2, struck={})
    assert parents.tolist() == [[1, 1]] and tokens.tolist() == [[2, 1]]
    np.testing.assert_allclose(best[0], -1.0 + log_softmax(logits[1])[[2, 1]], rtol=1e-6)


@pytest.mark.parametrize("columns", VOCABULARIES)
def test_among_equal_extensions_the_first_comes_first(columns):
    logits = np.zeros((2, columns), "float32")
    parents, tokens, _ = extensions(logits, [[-1.0, -1.0]], [[0, 1]], count=2, struck=FORBIDDEN)
    assert parents.tolist() == [[0, 0]] and tokens.tolist() == [[1, 3]]


def test_where_too_few_tokens_are_left_the_rest_is_impossible():
    _, tokens, best = extensions(
        np.zeros((1, 3), "float32"), [[0.0, -np.inf]], [[0, 0]], count=2, struck=FORBIDDEN
    )
    assert tokens[0, 0] == 1
    np.testing.assert_allclose(best, [[-np.log(3), -np.inf]], rtol=1e-6)


def test_struck_tokens_keep_their_share_of_the_probability():
    logits = np.array([[3.0, 0.0, 2.0, 1.0, -1.0]], "float32")
    tokens, best = alone(logits, struck=FORBIDDEN)
    assert tokens.tolist() == [3]
    np.testing.assert_allclose(best, [1 - np.log(np.exp(logits).sum())], rtol=1e-6)


@pytest.mark.parametrize(("step", "token"), [(1, 4), (2, 3)])
def test_the_end_may_have_to_wait(step, token):
    struck = struck_tokens((0,), 3, ops.convert_to_tensor(step), min_length=2)
    tokens, _ = alone(np.array([[9.0, 0.0, 0.0, 9.0, 1.0]], "float32"), struck=struck)
    assert tokens.tolist() == [token]


def test_what_is_struck_only_when_it_must_be():
    assert struck_tokens((0, 2), 3, None, min_length=0) == FORBIDDEN
    assert struck_tokens((0, 3), 3, None, min_length=5) == {0: True, 3: True}


def test_a_struck_token_need_not_exist():
    tokens, _ = alone(np.array([[0.0, 1.0]], "float32"), struck={7: True})
    assert tokens.tolist() == [1]


@pytest.mark.parametrize("columns", VOCABULARIES)
@pytest.mark.parametrize("scale", [1.0, 1e4])
def test_the_normalizer_is_a_log_sum_exp(columns, scale):
    logits = (np.random.default_rng(0).normal(size=(5, columns)) * scale).astype("float32")
    groups = in_groups(ops.convert_to_tensor(logits), group_size(columns))
    found = log_normalizer(groups, ops.max(groups, axis=-1))
    np.testing.assert_allclose(ops.convert_to_numpy(found), (logits - log_softmax(logits))[:, 0], rtol=1e-6)


def test_groups_are_as_even_as_they_can_be():
    assert [group_size(columns) for columns in VOCABULARIES] == [7, 256, 65, 80]
    assert in_groups(np.zeros((2, 2551), "float32"), 80).shape == (2, 32, 80)


def test_no_token_is_likelier_than_certain():
    assert alone(np.array([[1e4, 0.0, 0.0]], "float32"), struck={})[1].tolist() == [0.0]


def test_half_precision_logits_are_normalized_in_single():
    logits = np.random.default_rng(0).normal(size=(2, 3000)).astype("float16")
    half, single = alone(logits, struck={}), alone(logits.astype("float32"), struck={})
    np.testing.assert_array_equal(half, single)


@pytest.mark.parametrize("columns", [9, 2600])
def test_a_row_gets_the_same_answer_in_any_batch(columns):
    logits = np.random.default_rng(0).normal(size=(37, columns)).astype("float32")
    tokens, whole = alone(logits, struck={0: True})
    for size in (1, 3, 17):
        few_tokens, few = alone(logits[:size], struck={0: True})
        np.testing.assert_array_equal(few_tokens, tokens[:size])
        np.testing.assert_allclose(few, whole[:size], rtol=1e-6)  # AVX2's softmax rounds by the rows beside
