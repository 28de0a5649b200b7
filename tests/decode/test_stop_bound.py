import numpy as np
from keras import ops

from kerasseq.decode.stop_bound import is_decided


def decided(alive, worst, limits, alpha):
    return ops.convert_to_numpy(
        is_decided(
            ops.convert_to_tensor(alive, dtype="float32"),
            ops.convert_to_tensor(worst, dtype="float32"),
            limits=ops.convert_to_tensor(limits, dtype="int32"),
            alpha=alpha,
        )
    ).tolist()


def test_an_alive_hypothesis_may_still_win_through_its_length():
    # At its limit of 13 tokens the penalty is 3: -6 may still become -2.
    assert decided([[-6.0, -9.0]] * 2, [-2.1, -1.9], [13, 13], alpha=1.0) == [False, True]


def test_without_a_penalty_log_probabilities_are_compared():
    assert decided([[-6.0], [-6.0]], [-6.1, -5.9], [13, 13], alpha=0.0) == [False, True]


def test_a_tie_does_not_decide():
    assert decided([[-6.0]], [-6.0], [13], alpha=0.0) == [False]


def test_too_few_finished_hypotheses_do_not_decide():
    assert decided([[-6.0]], [-np.inf], [13], alpha=0.6) == [False]
    assert decided([[-np.inf]], [-np.inf], [13], alpha=0.6) == [False]
