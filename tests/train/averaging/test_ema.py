import numpy as np
import pytest
from keras import ops

from kerasseq.registry import create
from kerasseq.train.averaging.ema import Ema


def test_the_share_falls_to_what_the_decay_leaves():
    average = Ema(decay=0.5)
    shares = [float(average.share()) for _ in range(12)]
    expected = [1 - min(0.5, step / (9 + step)) for step in range(1, 13)]
    np.testing.assert_allclose(shares, expected, rtol=1e-5)
    assert shares[0] == pytest.approx(0.9) and shares[-1] == pytest.approx(0.5)


def test_its_count_is_what_has_to_be_kept():
    average, other = Ema(decay=0.9), create("averaging", {"type": "ema", "decay": 0.9})
    for _ in range(5):
        average.share()
    for mine, kept in zip(other.variables, average.variables, strict=True):
        mine.assign(ops.convert_to_numpy(kept))
    assert float(average.share()) == float(other.share())


def test_a_decay_out_of_range_is_refused():
    with pytest.raises(ValueError, match="`decay` must be >= 0 and < 1. Received: decay=1"):
        Ema(decay=1.0)
