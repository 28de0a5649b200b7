import numpy as np
from keras import ops

from kerasseq.metrics.real_tokens import token_weights

LABELS = np.array([[4, 3, 0], [3, 0, 0]])


def test_padding_weighs_nothing():
    assert ops.convert_to_numpy(token_weights(LABELS)).tolist() == [[1, 1, 0], [1, 0, 0]]
    of_examples = token_weights(LABELS, np.array([2.0, 3.0]))
    assert ops.convert_to_numpy(of_examples).tolist() == [[2, 2, 0], [3, 0, 0]]
    of_tokens = token_weights(LABELS, np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]))
    assert ops.convert_to_numpy(of_tokens).tolist() == [[1, 2, 0], [4, 0, 0]]
