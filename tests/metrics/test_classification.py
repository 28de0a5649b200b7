"""Accuracy, macro F1, confusion and calibration against brute force."""

import itertools

import numpy as np
import pytest

from kerasseq.metrics.accuracy import Accuracy
from kerasseq.metrics.calibration import Calibration
from kerasseq.metrics.confusion import Confusion
from kerasseq.metrics.macro_f1 import MacroF1

CLASSES = ["a", "b", "c"]
random = np.random.default_rng(3)
REFERENCES = random.choice(CLASSES, 200, p=[0.6, 0.3, 0.1]).tolist()
PREDICTIONS = [one if random.random() < 0.7 else random.choice(CLASSES).item() for one in REFERENCES]
SCORES = random.uniform(0.34, 1.0, 200).round(6).tolist()
EACH = [[reference] for reference in REFERENCES]


def test_the_confusion_matrix_counts_pairs():
    metric = Confusion()
    assert metric(PREDICTIONS, EACH) == {}
    found = metric.details["confusion"]
    assert found["classes"] == CLASSES
    for row, column in itertools.product(range(3), repeat=2):
        pair = (CLASSES[row], CLASSES[column])
        assert found["counts"][row][column] == list(zip(REFERENCES, PREDICTIONS, strict=True)).count(pair)
    assert Accuracy()(PREDICTIONS, EACH) == {"accuracy": np.trace(found["counts"]) / 200}


def test_macro_f1_is_the_mean_of_each_classes():
    metric, counts = MacroF1(), Confusion()
    value = metric(PREDICTIONS, EACH)["macro_f1"]
    counts(PREDICTIONS, EACH)
    matrix = np.array(counts.details["confusion"]["counts"])
    precision, recall = np.diag(matrix) / matrix.sum(axis=0), np.diag(matrix) / matrix.sum(axis=1)
    f1 = 2 * precision * recall / (precision + recall)
    assert value == pytest.approx(f1.mean())
    for place, name in enumerate(CLASSES):
        found = metric.details["per_class"][name]
        expected = (precision[place], recall[place], f1[place], matrix.sum(axis=1)[place])
        assert list(found.values()) == pytest.approx(expected)


def test_a_class_that_is_never_right_has_no_f1():
    metric = MacroF1()
    assert metric(["a", "a", "c"], [["a"], ["b"], ["b"]]) == pytest.approx({"macro_f1": (2 / 3) / 3})
    assert metric.details["per_class"]["c"] == {"precision": 0, "recall": 0, "f1": 0, "examples": 0}


@pytest.mark.parametrize("num_bins", [1, 10, 15])
def test_calibration_is_the_gap_of_each_bin(num_bins):
    answers = [{"prediction": one, "score": score} for one, score in zip(PREDICTIONS, SCORES, strict=True)]
    metric = Calibration(num_bins=num_bins)
    found = metric(answers, EACH)["calibration_error"]
    right, scores = np.array(PREDICTIONS) == np.array(REFERENCES), np.array(SCORES)
    expected = 0.0
    for place in range(num_bins):
        inside = (scores > place / num_bins) & (scores <= (place + 1) / num_bins)
        if inside.any():
            expected += inside.mean() * abs(right[inside].mean() - scores[inside].mean())
    assert found == pytest.approx(expected)
    assert sum(one["examples"] for one in metric.details["calibration"]) == 200


def test_a_model_that_is_as_sure_as_it_is_right_has_no_error():
    answers = [{"prediction": "a", "score": 0.75}] * 4
    assert Calibration()(answers, [["a"], ["a"], ["b"], ["a"]]) == {"calibration_error": 0.0}
    sure = [{"prediction": "a", "score": 1.0}] * 2
    assert Calibration()(sure, [["a"], ["b"]]) == {"calibration_error": 0.5}
    unsure = [{"prediction": "a", "score": float("nan")}]
    assert np.isnan(Calibration()(unsure, [["a"]])["calibration_error"])


def test_bins_must_be_positive():
    with pytest.raises(ValueError, match="`num_bins` must be positive. Received: num_bins=0"):
        Calibration(num_bins=0)


@pytest.mark.parametrize("metric", [Accuracy(), Confusion(), MacroF1()])
def test_nothing_to_score_is_refused(metric):
    with pytest.raises(ValueError, match="`predictions` must not be empty"):
        metric([], [])
