import numpy as np
import pytest
from keras import ops

from kerasseq.decode.greedy import Greedy
from tests.decode.toys import END, Toy, allowed, decode, found


def plain_greedy(toy, example, *, max_length, min_length=0):
    code, read, total, tokens = 0, 2, 0.0, []
    for step in range(max_length):
        code = toy.code(example, code, read)
        gains = toy.log_probabilities(code)
        read = max(allowed(toy, step, min_length), key=lambda token: gains[token])
        total += gains[read]
        tokens.append(read)
        if read == END:
            break
    return tuple(tokens), total


@pytest.mark.parametrize("min_length", [0, 3])
def test_takes_the_likeliest_token_every_time(min_length):
    toy = Toy(seed=1, vocabulary_size=9)
    result = decode(toy, Greedy(min_length=min_length), range(50), max_length=7)
    assert result.tokens.shape == (50, 1, 7)
    for example in range(50):
        tokens, total = plain_greedy(toy, example, max_length=7, min_length=min_length)
        (ours,) = found(result, example)
        assert ours.tokens == tokens
        np.testing.assert_allclose([ours.score, ours.log_probability], [total, total], rtol=1e-5, atol=1e-6)


def test_rows_have_their_own_maximum():
    toy = Toy(seed=1, end_bonus=-100.0)
    limits = ops.convert_to_tensor([1, 4, 2], dtype="int32")
    result = Greedy()(toy.step, toy.begin(np.arange(3)), batch_size=3, max_length=limits)
    assert ops.convert_to_numpy(result.lengths).tolist() == [[1], [4], [2]]
    assert ops.convert_to_numpy(result.tokens[0, 0, 1:]).tolist() == [0, 0, 0]


def test_attention_is_the_models_and_zero_after_the_end():
    toy = Toy(seed=2, vocabulary_size=9, end_bonus=1.0)
    result = decode(toy, Greedy(), range(10), max_length=7, with_attention=True)
    assert result.attention.shape == (10, 1, 7, 3)
    for example in range(10):
        code, read, length = 0, 2, result.lengths[example, 0]
        for token, weights in zip(
            result.tokens[example, 0, :length], result.attention[example, 0], strict=False
        ):
            code = toy.code(example, code, read)
            np.testing.assert_array_equal(weights, toy.attention[code])
            read = int(token)
        assert not result.attention[example, 0, length:].any()


def test_other_special_tokens():
    logits = ops.convert_to_tensor([[0.0, 5.0, 4.0, 1.0]])
    result = Greedy()(
        lambda tokens, state: (logits, state),
        (),
        batch_size=1,
        max_length=3,
        start_id=0,
        end_id=2,
        pad_id=9,
        forbidden_ids=(1,),
    )
    assert ops.convert_to_numpy(result.tokens).tolist() == [[[2, 9, 9]]]


def test_rejects_arguments_out_of_range():
    with pytest.raises(ValueError, match="`min_length` must be >= 0. Received: min_length=-1"):
        Greedy(min_length=-1)
    with pytest.raises(ValueError, match="`max_length` must be positive. Received: max_length=0"):
        Greedy(max_length=0)
