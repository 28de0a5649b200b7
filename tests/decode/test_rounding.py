import numpy as np
from keras import ops

from kerasseq.decode.rounding import apply_evenly


def test_applies_the_function():
    values = np.random.default_rng(0).random((3, 5)).astype("float32")
    found = ops.convert_to_numpy(apply_evenly(ops.log, ops.convert_to_tensor(values)))
    np.testing.assert_allclose(found, np.log(values), rtol=1e-6)


def test_a_number_alone_gets_the_bits_it_gets_among_others():
    values = np.random.default_rng(0).random(1001).astype("float32")
    whole = ops.convert_to_numpy(apply_evenly(ops.log, ops.convert_to_tensor(values)))
    for place in (0, 7, 500, 1000):
        alone = apply_evenly(ops.log, ops.convert_to_tensor(values[place]))
        assert ops.convert_to_numpy(alone) == whole[place]
