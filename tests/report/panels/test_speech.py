"""The report of a speech recognizer: spectrograms, transcripts, and what was heard when."""

import pytest

from kerasseq.report.page import render
from kerasseq.report.panels.speech import ROW_HEIGHT, TOKEN_SPACE, WIDTH, panel
from kerasseq.report.run_files import read_run
from kerasseq.run_folder import RunFolder
from tests.report.run_files import write_run

PIXEL = "data:image/png;base64,iVBORw0KGgo="
HEARD = {"spectrogram": PIXEL, "tokens": ["G", "O", " ", "<b>"], "seconds": [0.5, 1.0, 1.0, 1.8]}
CTC = {
    "input": "/data/go.wav",
    "reference": "GO ON NOW",
    "prediction": "GO OFF <b>",
    "score": -1.0,
    "seconds": 2.0,
    "heard": HEARD,
}
LOOKED = {**CTC, "heard": {"spectrogram": PIXEL, "tokens": ["G", "O"], "weights": PIXEL}}
OTHER = {"input": "/data/b.wav", "reference": "B", "prediction": "", "score": -2.0, "seconds": 1.0}


@pytest.fixture
def read(tmp_path):
    def read_with(*lines, **metrics):
        run = read_run(RunFolder(write_run(tmp_path / "speech", examples=list(lines))))
        return type(run)(**{**vars(run), "metrics": {**run.metrics, **metrics}})

    return read_with


def test_each_token_stands_at_its_time_and_none_on_another(read):
    (shown,) = panel(read(CTC, OTHER)).content["recordings"]
    assert (shown.name, shown.seconds, shown.looks) == ("go.wav", 2.0, "")
    assert shown.places == [
        ("G", WIDTH / 4),
        ("O", WIDTH / 2),
        ("␣", WIDTH / 2 + TOKEN_SPACE),
        ("<b>", round(WIDTH * 0.9, 1)),
    ]


def test_wrong_words_are_marked(read):
    (shown,) = panel(read(CTC)).content["recordings"]
    assert [piece.text.strip() for piece in shown.said if piece.differs] == ["OFF <b>"]
    assert [piece.text.strip() for piece in shown.right if piece.differs] == ["ON NOW"]


def test_a_decoder_has_a_row_for_each_token(read):
    (shown,) = panel(read(LOOKED)).content["recordings"]
    assert shown.looks == PIXEL
    assert shown.height == 2 * ROW_HEIGHT
    assert [place < shown.height for _, place in shown.places] == [True, True]


def test_the_page_shows_what_was_wrong_and_escapes_it(read):
    errors = {"hits": 3, "substitutions": 2, "deletions": 1, "insertions": 0, "confusions": [["<i>", "E", 2]]}
    html = render(read(CTC, OTHER, details={"test": {"word_errors": errors}}))
    section = html.partition('<section id="speech"')[2].partition("</section>")[0]
    assert f'<image href="{PIXEL}"' in section
    assert "2 substituted, 1 left out, 0 added." in section
    assert "<bdi>&lt;i&gt;</bdi> heard as <bdi>E</bdi> (2)" in section
    assert "&lt;b&gt;" in section and "<b>" not in section
    assert "predictions.jsonl has 1 more recording;" in section
    assert 'id="samples"' in html


def test_a_page_of_looks_says_so(read):
    assert "where the network listened while it wrote it" in render(read(LOOKED))


def test_another_kind_of_run_has_none(read):
    assert panel(read(OTHER)) is None
