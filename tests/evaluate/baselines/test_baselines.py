import sys
from typing import NamedTuple

import pytest

from kerasseq.evaluate.baseline import measure_baselines
from kerasseq.evaluate.baselines.bag_of_words import BagOfWords
from kerasseq.evaluate.baselines.lead_sentence import LeadSentence
from kerasseq.evaluate.baselines.majority import Majority
from kerasseq.metrics.accuracy import Accuracy
from kerasseq.metrics.calibration import Calibration
from kerasseq.metrics.rouge import Rouge
from kerasseq.registry import names

INPUTS = ["a good film", "good!", "it was bad", "bad, bad", "so good"]
LABELS = ["+", "+", "-", "-", "+"]


class Asked:
    @staticmethod
    def questions(split):
        return split.questions


class Examples(NamedTuple):
    questions: tuple
    is_grouped: bool = False


def test_every_baseline_is_here():
    assert {"bag_of_words", "kneser_ney", "lead_sentence", "majority"} <= set(names("baseline"))


def test_the_majority_is_the_most_frequent_answer():
    assert Majority()(INPUTS, LABELS, ["x", "y"]) == ["+", "+"]
    assert Majority()(INPUTS[:4], ["b", "a", "b", "a"], ["x"]) == ["a"]


def test_a_bag_of_words_knows_words():
    pytest.importorskip("sklearn")
    assert BagOfWords()(INPUTS, LABELS, ["Good", "was it bad?"]) == ["+", "-"]


@pytest.mark.parametrize(
    ("text", "number", "lead"),
    [
        ("One. Two! Three?", 1, "One."),
        ("One. Two! Three?", 2, "One. Two!"),
        ("One. Two! Three?", 5, "One. Two! Three?"),
        ("At 3.5 percent it grew.\nThen not.", 1, "At 3.5 percent it grew."),
        ('He said "no." She left.', 1, 'He said "no."'),
        ("no end", 1, "no end"),
    ],
)
def test_a_lead_is_the_first_sentences(text, number, lead):
    assert LeadSentence(num_sentences=number)([], [], [text]) == [lead]


def test_a_lead_has_a_sentence():
    with pytest.raises(ValueError, match=r"^`num_sentences` must be positive\. Received: num_sentences=0$"):
        LeadSentence(num_sentences=0)


def test_a_lead_is_held_against_each_reference():
    split = Examples((["one two. three"], [["nine", "one two"]]), is_grouped=True)
    found = measure_baselines(["lead_sentence"], task=Asked, training=split, split=split, metrics=[Rouge()])
    assert found["lead_sentence"]["rouge1"] == 100


def test_they_are_measured_like_the_network_as_far_as_answers_go():
    split = Examples((["good", "bad", "x", "y"], ["+", "-", "+", "-"]))
    metrics = [Accuracy(), Calibration()]
    found = measure_baselines(
        ["majority", {"type": "majority"}],
        task=Asked,
        training=Examples((INPUTS, LABELS)),
        split=split,
        metrics=metrics,
    )
    assert found == {"majority": {"accuracy": 0.5}}


def test_what_is_not_installed_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    monkeypatch.setitem(sys.modules, "sklearn.feature_extraction.text", None)
    split = Examples((INPUTS, LABELS))
    found = measure_baselines(["bag_of_words"], task=Asked, training=split, split=split, metrics=[Accuracy()])
    assert found == {
        "bag_of_words": {
            "missing": "scikit-learn is not installed: python -m pip install 'scikit-learn>=1.6'"
        }
    }


def test_a_run_must_be_of_words():
    with pytest.raises(ValueError, match="`longest_run` must be positive. Received: longest_run=0"):
        BagOfWords(longest_run=0)


def test_a_question_may_have_several_right_answers():
    split = Examples((["good", "bad"], [["+", "fine"], ["-"]]), is_grouped=True)
    training = Examples((INPUTS, [["fine", "+"], ["fine"], ["-"], ["-"], ["fine"]]), is_grouped=True)
    found = measure_baselines(["majority"], task=Asked, training=training, split=split, metrics=[Accuracy()])
    assert found == {"majority": {"accuracy": 0.5}}


class OfAnswers:
    from_answers = True
    needs = ("prediction",)

    def __call__(self, answers, references):
        pairs = zip(answers, references, strict=True)
        return {"same": sum(answer["prediction"] in right for answer, right in pairs)}


def test_a_metric_of_answers_that_needs_no_more_than_the_prediction_is_measured():
    split = Examples((["good", "bad"], ["+", "-"]))
    training = Examples((INPUTS, LABELS))
    found = measure_baselines(["majority"], task=Asked, training=training, split=split, metrics=[OfAnswers()])
    assert found == {"majority": {"same": 1}}


def test_a_baseline_that_cannot_read_the_input_is_left_out():
    class Heard(Asked):
        medium = "audio"

    split, given = Examples((INPUTS, LABELS)), ["majority", "bag_of_words"]
    found = measure_baselines(given, task=Heard, training=split, split=split, metrics=[Accuracy()])
    assert list(found) == ["majority"]
