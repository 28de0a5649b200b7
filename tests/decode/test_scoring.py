import numpy as np
from keras import ops

from kerasseq.decode.scoring import sequence_log_probability


def test_sums_the_log_probabilities_of_the_labels():
    random = np.random.default_rng(0)
    logits = random.normal(size=(3, 4, 7)) * 5
    labels = np.array([[4, 5, 3, 0], [6, 3, 0, 0], [1, 1, 1, 3]])
    log_probabilities = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
    expected = [
        sum(log_probabilities[b, t, y] for t, y in enumerate(row) if y) for b, row in enumerate(labels)
    ]
    found = sequence_log_probability(ops.cast(logits, "float32"), ops.cast(labels, "int32"))
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, rtol=1e-5)


def test_padding_never_counts():
    random = np.random.default_rng(0)
    logits = random.normal(size=(1, 5, 7)).astype("float32")
    labels = np.array([[4, 3, 0, 0, 0]])
    short = sequence_log_probability(logits[:, :2], labels[:, :2])
    logits[:, 2:] = np.nan
    padded = sequence_log_probability(logits, labels)
    np.testing.assert_array_equal(ops.convert_to_numpy(padded), ops.convert_to_numpy(short))
