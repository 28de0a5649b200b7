"""A search, a metric or a baseline that is for other models is refused before anything is read."""

import pytest

from kerasseq import registry
from kerasseq.errors import RecipeError
from kerasseq.recipe import load_recipe
from kerasseq.recipe.signatures import part_signature
from kerasseq.specs import Part

DATA = {
    "seq2seq": "{type: parallel, train: a, validation: b}",
    "language_model": "{type: text, train: a, validation: b}",
    "sequence_classifier": "{type: table, train: a, validation: b}",
}
KINDS = {"text", "class", "tags", "numbers"}


def _check(folder, model, rest):
    path = folder / "a.yaml"
    path.write_text(f"model: {model}\ndata: {{source: {DATA[model]}}}\n{rest}\n")
    return load_recipe(path)


@pytest.mark.parametrize(
    ("model", "rest", "told"),
    [
        (
            "seq2seq",
            "evaluate:\n  metrics: [bleu, confusion]",
            ":4: `evaluate.metrics` has 'confusion', which is for answers that are class; "
            "those of 'seq2seq' are text.",
        ),
        (
            "language_model",
            "evaluate:\n  baseline:\n    - {type: bag_of_words, longest_run: 2}",
            ":5: `evaluate.baseline` has 'bag_of_words', which is for answers that are class; "
            "those of 'language_model' are text.",
        ),
        (
            "sequence_classifier",
            "evaluate: {baseline: [kneser_ney]}",
            ":3: `evaluate.baseline` has 'kneser_ney', which is for language_model, "
            "not for 'sequence_classifier'.",
        ),
        (
            "sequence_classifier",
            "evaluate: {metrics: [accuracy, rouge]}",
            ":3: `evaluate.metrics` has 'rouge', which is for answers that are text; "
            "those of 'sequence_classifier' are class.",
        ),
        (
            "seq2seq",
            "decode: ctc_greedy",
            ":3: `decode.type` is 'ctc_greedy', which is for speech_recognizer, not for 'seq2seq'.",
        ),
    ],
)
def test_it_is_told_with_its_place(tmp_path, model, rest, told):
    with pytest.raises(RecipeError) as refused:
        _check(tmp_path, model, rest)
    (problem,) = refused.value.problems
    assert str(problem).splitlines()[0] == f"{tmp_path}/a.yaml{told}"


def test_what_would_fit_is_listed(tmp_path):
    with pytest.raises(RecipeError) as refused:
        _check(tmp_path, "sequence_classifier", "evaluate: {metrics: [bleu], baseline: [lead_sentence]}")
    metric, baseline = refused.value.problems
    assert {"accuracy", "confusion", "macro_f1"} <= set(metric.allowed) and "rouge" not in metric.allowed
    assert metric.fix == "take another metric, or none"
    assert {"bag_of_words", "majority"} <= set(baseline.allowed) and "kneser_ney" not in baseline.allowed
    with pytest.raises(RecipeError) as refused:
        _check(tmp_path, "seq2seq", "decode: ctc_beam")
    assert refused.value.problems[0].allowed == ("beam", "greedy", "sample")


@pytest.mark.parametrize(
    ("model", "rest"),
    [
        ("seq2seq", "evaluate: {metrics: [bleu, exact_match, degeneration], baseline: [lead_sentence]}"),
        ("language_model", "evaluate: {metrics: [degeneration], baseline: [kneser_ney]}"),
        ("sequence_classifier", "evaluate: {metrics: [exact_match, accuracy], baseline: [majority]}"),
    ],
)
def test_what_fits_passes(tmp_path, model, rest):
    _check(tmp_path, model, rest)


class Unmarked:
    """A metric of the user's own."""


def test_a_part_of_the_users_own_is_not_judged(tmp_path, monkeypatch):
    monkeypatch.setitem(registry._registered, ("metric", "my_metric"), Unmarked)
    values = _check(tmp_path, "seq2seq", "evaluate: {metrics: [my_metric]}").values
    assert values["evaluate"]["metrics"] == [{"type": "my_metric"}]


@pytest.mark.parametrize("kind", ["metric", "baseline", "decode"])
def test_every_mark_names_what_there_is(kind):
    for name in registry.names(kind):
        constants = part_signature(Part(kind), name).constants
        assert set(constants.get("ANSWERS", ())) <= KINDS, name
        assert set(constants.get("MODELS", ())) <= set(registry.names("model")), name


def test_every_model_says_what_its_answers_are():
    answers = {
        name: part_signature(Part("model"), name).constants.get("ANSWERS") for name in registry.names("model")
    }
    assert set(answers.values()) <= KINDS, answers


@pytest.mark.parametrize("word", ["coverage", "pinball"])
def test_a_metric_that_needs_what_the_model_does_not_give_is_refused(tmp_path, word):
    path = tmp_path / "a.yaml"
    data = "{source: {type: series, path: a.csv, date: d}, target: y}"
    path.write_text(f"data: {data}\nmodel: forecaster\nevaluate:\n  metrics: [mae, {word}]\n")
    with pytest.raises(RecipeError) as refused:
        load_recipe(path)
    told = f"{path}:4: `evaluate.metrics` has '{word}', which needs `model.quantiles`."
    assert f"{told}\n  fix: set `model.quantiles`, or take another metric" in str(refused.value)
    assert told not in _problems(path, {"model.quantiles": [0.1, 0.9]})


def _problems(path, overrides):
    try:
        load_recipe(path, overrides)
    except RecipeError as error:
        return str(error)
    return ""
