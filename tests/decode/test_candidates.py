import numpy as np
import pytest
from keras import ops

from kerasseq.decode.candidates import top_k


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
