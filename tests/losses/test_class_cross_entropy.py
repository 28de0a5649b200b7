import keras
import numpy as np
import pytest

from kerasseq.losses.class_cross_entropy import ClassCrossEntropy

LABELS = np.array([2, 0, 2, 1])
LOGITS = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


def _losses(smoothing=0.0):
    """In NumPy, from the definition."""
    log_probabilities = LOGITS - np.log(np.exp(LOGITS).sum(axis=1, keepdims=True))
    wanted = np.eye(3)[LABELS] * (1 - smoothing) + smoothing / 3
    return -(wanted * log_probabilities).sum(axis=1)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_it_is_the_mean_of_the_examples(smoothing):
    loss = ClassCrossEntropy(label_smoothing=smoothing)
    assert float(loss(LABELS, LOGITS)) == pytest.approx(_losses(smoothing).mean(), abs=1e-6)
    assert float(loss(LABELS[:, None], LOGITS)) == pytest.approx(_losses(smoothing).mean(), abs=1e-6)


def test_weights_are_those_of_the_classes():
    loss = ClassCrossEntropy(class_weights=[1.0, 2.0, 0.5])
    weights = np.array([0.5, 1.0, 0.5, 2.0])
    assert float(loss(LABELS, LOGITS)) == pytest.approx(np.average(_losses(), weights=weights), abs=1e-6)
    examples = np.array([0.0, 1.0, 0.0, 0.0])
    assert float(loss(LABELS, LOGITS, examples)) == pytest.approx(_losses()[1], abs=1e-6)
    assert float(loss(LABELS, LOGITS, np.zeros(4))) == 0.0


def test_balanced_weights_are_as_if_classes_were_as_large():
    counts = np.bincount(LABELS)
    loss = ClassCrossEntropy(class_weights=4 / (3 * counts))
    means = [_losses()[label == LABELS].mean() for label in range(3)]
    assert float(loss(LABELS, LOGITS)) == pytest.approx(np.mean(means), abs=1e-6)


def test_it_is_rebuilt_from_its_config():
    loss = ClassCrossEntropy(label_smoothing=0.2, class_weights=[1, 2, 3])
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert float(copy(LABELS, LOGITS)) == float(loss(LABELS, LOGITS))


def test_smoothing_out_of_range_is_refused():
    with pytest.raises(ValueError, match=r"`label_smoothing` must be .*Received: label_smoothing=1"):
        ClassCrossEntropy(label_smoothing=1)
