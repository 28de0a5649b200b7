import numpy as np
from keras import ops

from kerasseq.decode.length_penalty import length_penalty


def test_is_the_formula():
    lengths = np.array([1, 2, 7, 19])
    for alpha in (0.0, 0.6, 1.0):
        found = ops.convert_to_numpy(length_penalty(lengths, alpha=alpha))
        np.testing.assert_allclose(found, ((5 + lengths) / 6) ** alpha, rtol=1e-6)


def test_is_one_at_a_length_of_one_and_without_an_exponent():
    assert float(length_penalty(1, alpha=0.7)) == 1.0
    assert float(length_penalty(50, alpha=0.0)) == 1.0


def test_never_falls_with_the_length():
    for alpha in (0.0, 1e-6, 0.6, 3.0):
        assert (np.diff(ops.convert_to_numpy(length_penalty(np.arange(1, 500), alpha=alpha))) >= 0).all()
