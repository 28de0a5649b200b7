"""What a report says of classes and of baselines."""

import json

import pytest

from kerasseq.report.baselines import baseline_columns, baseline_sentence
from kerasseq.report.classes import class_rows, confusion, reliability_chart
from kerasseq.report.examples import quality_charts, similarities, worst
from kerasseq.report.page import write_report
from kerasseq.report.terminal import show_results
from kerasseq.run_folder import RunFolder, write_json

COUNTS = [[8, 2], [0, 5]]
DETAILS = {
    "confusion": {"classes": ["bad", "good"], "counts": COUNTS},
    "per_class": {"bad": {"precision": 1.0, "recall": 0.8, "f1": 8 / 9, "examples": 10}},
    "calibration": [{"examples": 15, "probability": 0.81, "accuracy": 0.8667}],
}


def _line(prediction, reference, score):
    probabilities = {"bad": 1 - score, "good": score}
    line = {"input": "x y", "reference": reference, "prediction": prediction, "score": score}
    return {**line, "probabilities": probabilities}


LINES = [_line("good", "good", 0.9), _line("good", "bad", 0.7), _line("good", "bad", 0.8)]


def _metrics(network, *simple, missing=()):
    baseline = {f"base_{place}": {"accuracy": value} for place, value in enumerate(simple)}
    return {
        "test": {"loss": 1.0, "accuracy": network},
        "baseline": {**baseline, **{name: {"missing": "no scikit-learn"} for name in missing}},
    }


def test_a_matrix_has_shares_of_its_rows():
    found = confusion(DETAILS)
    assert [[cell[:2] for cell in cells] for _, cells in found.rows] == [
        [(8, 0.8), (2, 0.2)],
        [(0, 0.0), (5, 1.0)],
    ]
    assert found.rows[0][1][1][2] == "2 of 10 bad taken for good"
    assert found.sentence == "The most frequent mistakes: 2 bad taken for good."
    assert confusion({}) is None
    many = [str(number) for number in range(31)]
    assert confusion({"confusion": {"classes": many, "counts": [[0] * 31] * 31}}) is None
    right = {"confusion": {"classes": ["a"], "counts": [[3]]}}
    assert confusion(right).sentence == "No example is taken for another class."


def test_classes_have_rows_and_probabilities_a_chart():
    assert class_rows(DETAILS) == [("bad", ["100.0 %", "80.0 %", "88.9 %", "10"])]
    (chart,) = reliability_chart(DETAILS)
    assert chart.bars[0].label == "81" and chart.bars[0].hover.startswith("15 examples: 81.0% probable")
    assert class_rows({}) == reliability_chart({}) == []


def test_a_class_is_right_or_wrong_and_the_surest_mistake_comes_first():
    likenesses = similarities(LINES)
    assert likenesses == [1.0, 0.0, 0.0]
    assert [one.number for one in worst(LINES, likenesses)] == [3, 2]
    assert list(worst(LINES, likenesses)[0].reference) == [("bad", True)]
    (chart,) = quality_charts(LINES * 10, likenesses * 10)
    assert chart.title == "Accuracy by input length"


@pytest.mark.parametrize(
    ("network", "simple", "verdict"),
    [
        (0.9, (0.5, 0.7), "The network earns its keep."),
        (0.71, (0.5, 0.7), "That may be an accident: the network hardly earns its keep."),
        (0.7, (0.5, 0.7), "The network does not earn its keep."),
    ],
)
def test_the_best_baseline_is_what_counts(network, simple, verdict):
    said = baseline_sentence(_metrics(network, *simple), num_examples=500)
    assert said == f"Accuracy: {100 * network:.1f} % against 70.0 % of the baseline “base 1”. {verdict}"


def test_what_was_not_measured_is_told_or_left_out():
    said = baseline_sentence(_metrics(0.9, 0.5, missing=["words"]), num_examples=500)
    assert said.endswith("earns its keep. Not measured: words (no scikit-learn).")
    assert baseline_sentence({"test": {"accuracy": 1.0}}, num_examples=5) == ""
    assert baseline_sentence(_metrics(0.9, missing=["words"]), num_examples=5) == ""
    assert list(baseline_columns(_metrics(0.9, 0.5, missing=["words"]))) == ["base 0"]


def test_the_page_and_the_terminal_show_it(tmp_path, capsys):
    folder = RunFolder(tmp_path)
    folder.recipe.write_text("model: {type: sequence_classifier, pooling: max}\n")
    write_json(folder.metrics, {**_metrics(0.9, 0.5), "details": {"test": DETAILS}})
    folder.predictions.write_text("".join(json.dumps(line) + "\n" for line in LINES))
    text = write_report(folder).read_text("utf-8")
    for shown in (
        "sequence_classifier · max pooling",
        "Accuracy: 90.0 % against 50.0 %",
        '<th scope="col" class="number">base 0</th>',
        "2 of 10 bad taken for good",
        "How often the model is right",
        "The mistakes that the model is surest of come first.",
        "Wrong.",
    ):
        assert shown in text
    assert "Similarity" not in text and "per_class" not in text
    show_results(folder)
    printed = capsys.readouterr().out
    assert "Accuracy: 90.0 % against 50.0 % of the baseline “base 0”." in printed
    assert "[-bad-]" in printed and "{+good+}" in printed
