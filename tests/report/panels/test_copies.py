"""The report of a model that copies: which words of its answers are in no vocabulary."""

import pytest

from kerasseq.report.page import render
from kerasseq.report.panels.copies import panel
from kerasseq.report.run_files import read_run
from kerasseq.run_folder import RunFolder
from tests.report.run_files import write_run

LINES = [
    {
        "input": "Today Zoë <b> met Ann, Zoë said.",
        "reference": "Zoë met",
        "prediction": "zoë met",
        "copied": ["zoë"],
    },
    {"input": "no names", "reference": "none", "prediction": "none", "copied": []},
    {"input": "A C++ bug.", "reference": "C++ bug", "prediction": "C++ bug", "copied": ["C++", "\uffed"]},
]


@pytest.fixture
def run(tmp_path):
    return read_run(RunFolder(write_run(tmp_path / "copies", examples=LINES)))


def test_copied_words_are_marked_where_they_stand(run):
    content = panel(run).content
    assert (content["num_words"], content["num_with"], content["num_all"]) == (2, 2, 3)
    first, second = content["examples"]
    assert [piece.text for piece in first.input if piece.differs] == ["Zoë", "Zoë"]
    assert [piece.text for piece in first.prediction if piece.differs] == ["zoë"]
    assert [piece.text for piece in second.input if piece.differs] == ["C++"]
    assert "".join(piece.text for piece in first.input) == LINES[0]["input"]


def test_a_page_shows_them(run):
    page = render(run)
    assert "2 words of 2 of 3 answers stand in no vocabulary" in page
    assert "<ins>Zoë</ins> &lt;b&gt;" in page


def test_a_long_text_is_cut(tmp_path):
    line = {**LINES[0], "input": "a " * 900 + "Zoë"}
    run = read_run(RunFolder(write_run(tmp_path / "long", examples=[line])))
    (shown,) = panel(run).content["examples"]
    assert sum(len(piece.text) for piece in shown.input) == 1002


def test_nothing_of_a_run_that_copies_nothing(tmp_path):
    lines = [{key: value for key, value in line.items() if key != "copied"} for line in LINES]
    assert panel(read_run(RunFolder(write_run(tmp_path / "plain", examples=lines)))) is None
