import numpy as np
import pytest
from keras import ops

from kerasseq.decode.draws import DRAW_BITS, draw, threefry, uniform_draws


def words(*values):
    return tuple(ops.convert_to_tensor(np.uint32(value)) for value in values)


# The known answers of Random123, the authors' own code.
@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((0xFFFFFFFF, 0xFFFFFFFF), (0xFFFFFFFF, 0xFFFFFFFF), (0x1CB996FC, 0xBB002BE7)),
        ((0x13198A2E, 0x03707344), (0x243F6A88, 0x85A308D3), (0xC4923A9C, 0x483DF7A0)),
    ],
)
def test_threefry_gives_its_known_answers(key, counter, expected):
    found = threefry(words(*key), words(*counter))
    assert tuple(int(ops.convert_to_numpy(word)) for word in found) == expected


def uniforms(row_ids, *, seed=7, first_step=0, num_steps=50, sample_ids=None):
    row_ids = np.asarray(row_ids, "int32")
    sample_ids = np.zeros_like(row_ids) if sample_ids is None else np.asarray(sample_ids, "int32")
    numbers = uniform_draws(
        ops.convert_to_tensor(seed), row_ids, sample_ids, first_step=first_step, num_steps=num_steps
    )
    return ops.convert_to_numpy(numbers)


def test_draws_depend_on_their_keys_alone():
    whole = uniforms(range(100))
    assert whole.shape == (50, 100)
    np.testing.assert_array_equal(uniforms([7, 3]), whole[:, [7, 3]])
    np.testing.assert_array_equal(uniforms(range(100), first_step=20, num_steps=5), whole[20:25])
    for other in (uniforms(range(100), seed=8), uniforms(range(100), sample_ids=[1] * 100)):
        assert (other != whole).mean() > 0.99


def test_draws_are_uniform_and_independent():
    numbers = uniforms(range(400), num_steps=400)
    assert numbers.min() >= 0 and numbers.max() < 1
    counts, _ = np.histogram(numbers, bins=100, range=(0, 1))
    expected = numbers.size / 100
    assert ((counts - expected) ** 2 / expected).sum() < 149  # chi-square, 99 degrees, p = 0.001
    for shifted in (numbers[1:] * numbers[:-1], numbers[:, 1:] * numbers[:, :-1]):
        assert abs(shifted.mean() - 0.25) < 0.003


def test_the_largest_draw_stays_inside():
    largest = np.float32(1 - 2.0**-DRAW_BITS)
    random = np.random.default_rng(0)
    probabilities = random.random((2000, 7)).astype("float32") * 3
    places = draw(ops.convert_to_tensor(probabilities), ops.full((2000,), largest))
    assert ops.convert_to_numpy(places).max() == 6


def test_nothing_improbable_is_drawn():
    probabilities = np.array([[0, 0, 0.5, 0, 0.5, 0]] * 3, "float32")
    places = draw(ops.convert_to_tensor(probabilities), ops.convert_to_tensor([0.0, 0.5, 0.9999999]))
    assert ops.convert_to_numpy(places).tolist() == [2, 4, 4]


@pytest.mark.parametrize("num_places", [2000, 2003, 4000])
def test_groups_give_what_one_cumulative_sum_gives(num_places):
    random = np.random.default_rng(0)
    weights = random.exponential(size=(300, num_places)) * (random.random((300, num_places)) < 0.02)
    uniform = random.random(300).astype("float32")
    uniform[:2] = 0, 1 - 2.0**-DRAW_BITS
    found = ops.convert_to_numpy(draw(ops.cast(weights, "float32"), ops.convert_to_tensor(uniform)))
    assert (weights[np.arange(300), found] > 0).all()
    shares = np.cumsum(weights, axis=-1) / weights.sum(-1, keepdims=True)
    expected = (shares <= uniform[:, None]).sum(-1)
    assert (found != expected).sum() <= 1  # where rounding decides
    np.testing.assert_allclose(shares[np.arange(300), found], shares[np.arange(300), expected], atol=0.1)


@pytest.mark.parametrize("top_p", [0.0, 0.3, 0.5, 0.85, 1.0])
def test_a_nucleus_is_the_fewest_that_reach_top_p(top_p):
    random = np.random.default_rng(1)
    uniform = random.random(500).astype("float32")
    probabilities = np.sort(random.dirichlet(np.ones(8), 500), axis=-1)[:, ::-1].astype("float32")
    found = draw(ops.convert_to_tensor(probabilities.copy()), ops.convert_to_tensor(uniform), top_p=top_p)
    for row, number, place in zip(probabilities, uniform, ops.convert_to_numpy(found), strict=True):
        size = next((n for n in range(1, 9) if row[:n].sum() >= top_p), 8)
        shares = np.cumsum(row[:size] / row[:size].sum())
        assert place == min(np.searchsorted(shares, number, side="right"), size - 1)
