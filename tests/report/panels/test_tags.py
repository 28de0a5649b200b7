"""The report of a tagger: words in colour, mistakes with what is right, and the tables."""

import json

import pytest

from kerasseq.report.page import render
from kerasseq.report.panels.tags import panel
from kerasseq.report.run_files import read_run
from kerasseq.run_folder import RunFolder
from tests.report.run_files import write_run


def _line(words, tags, right, scores=None):
    joined = {"input": "\t".join(words), "reference": "\t".join(right), "prediction": "\t".join(tags)}
    return {**joined, "score": -1.0, "tags": tags, "scores": scores or [0.9] * len(words)}


LINES = [
    _line(["Ann", "<Lee>", "runs"], ["B-PER", "E-PER", "O"], ["B-PER", "E-PER", "O"], [0.98, 0.5, 1.0]),
    _line(["Rome", "sleeps"], ["S-PER", "O"], ["S-LOC", "O"]),
    _line(["Oslo"], ["S-LOC"], ["S-LOC"]),
]
FIGURES = {"precision": 0.5, "recall": 1.0, "f1": 2 / 3}
DETAILS = {
    "per_span": {"PER": {**FIGURES, "spans": 1, "predicted": 2, "right": 1}},
    "per_tag": {
        "S-LOC": {**FIGURES, "words": 2, "taken_for": {"S-PER": 1}},
        "O": {**FIGURES, "words": 1200, "taken_for": {}},
    },
}


@pytest.fixture
def run(tmp_path):
    folder = RunFolder(write_run(tmp_path / "tags", examples=LINES))
    metrics = json.loads(folder.metrics.read_text("utf-8"))
    folder.metrics.write_text(json.dumps({**metrics, "details": {"test": DETAILS}}), "utf-8")
    return read_run(folder)


def test_words_of_a_type_have_its_colour_and_mistakes_what_is_right(run):
    content = panel(run).content
    first, second, third = content["sentences"]
    assert [word.text for word in first] == ["Ann", "<Lee>", "runs"]
    assert first[0].hue == first[1].hue == second[0].hue is not None and first[2].hue is None
    assert third[0].hue not in (None, first[0].hue)
    assert first[0].hint == "B-PER, 98.0 % sure"
    assert [word.right for word in second] == ["S-LOC", ""]
    assert content["worst"] == [second] and content["num_wrong"] == 1


def test_tables_have_the_frequent_tags_first(run):
    content = panel(run).content
    assert [row.name for row in content["tags"]] == ["O", "S-LOC"]
    assert content["tags"][1].values == ["50.0 %", "100.0 %", "66.7 %", "2", "S-PER 1"]
    assert content["spans"][0].values == ["50.0 %", "100.0 %", "66.7 %", "1", "2"]
    assert content["tags"][0].hue is None and content["spans"][0].hue == content["sentences"][0][0].hue


def test_the_page_has_the_panel_instead_of_samples_and_escapes_words(run):
    html = render(run)
    assert '<section id="tags"' in html and 'id="samples"' not in html
    shown = html.partition('<section id="tags"')[2].partition("</section>")[0]
    assert "&lt;Lee&gt;" in shown and "<Lee>" not in shown
    assert "<b>not S-LOC</b>" in shown and "1 of 3 sentences have a mistake" in shown


def test_parts_of_speech_are_each_of_their_own_colour(run):
    line = _line(["a", "b"], ["DET", "NOUN"], ["DET", "NOUN"])
    (sentence,) = panel(type(run)(**{**vars(run), "predictions": [line]})).content["sentences"]
    assert None not in {word.hue for word in sentence} and sentence[0].hue != sentence[1].hue


def test_other_runs_have_no_such_panel(run):
    assert panel(type(run)(**{**vars(run), "predictions": [{"prediction": "a"}]})) is None
