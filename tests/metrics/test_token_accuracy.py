import keras
import numpy as np
import pytest

from kerasseq.metrics.token_accuracy import TokenAccuracy

LABELS = np.array([[4, 5, 3, 0], [6, 3, 0, 0]])


def logits_for(tokens):
    return np.eye(7)[np.array(tokens)] * 2.0


def test_counts_right_tokens_among_real_ones():
    metric = TokenAccuracy()
    metric.update_state(LABELS, logits_for([[4, 1, 3, 0], [6, 3, 0, 0]]))
    assert float(metric.result()) == pytest.approx(4 / 5)
    metric.update_state(LABELS[1:], logits_for([[1, 1, 5, 5]]))
    assert float(metric.result()) == pytest.approx(4 / 7)


def test_tokens_may_be_weighed():
    metric = TokenAccuracy()
    metric.update_state(LABELS, logits_for([[4, 1, 3, 0], [6, 3, 0, 0]]), sample_weight=np.array([2.0, 1.0]))
    assert float(metric.result()) == pytest.approx(6 / 8)


def test_is_zero_before_the_first_token():
    assert float(TokenAccuracy().result()) == 0.0


def test_its_name_says_that_the_model_was_led():
    assert TokenAccuracy().name == "teacher_forced_accuracy"


def test_survives_serialization():
    assert isinstance(keras.metrics.deserialize(keras.metrics.serialize(TokenAccuracy())), TokenAccuracy)
