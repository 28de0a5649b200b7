"""The report of a captioner: pictures, captions, and a look for each word."""

import pytest

from kerasseq.report.page import render
from kerasseq.report.panels.pictures import panel
from kerasseq.report.run_files import read_run
from tests.report.run_files import write_run

PIXEL = "data:image/png;base64,iVBORw0KGgo="
SEEN = {
    "words": ["red", "<b>"],
    "grid": [2, 3],
    "picture": PIXEL,
    "weights": [[0.5, 0.0, 0.0, 0.25, 0.25, 0.0], [0.0, 0.0, 1.0, 0.0, 0.0, 0.0]],
}
LINES = [
    {
        "input": "/data/a.png",
        "reference": ["a red one", "one"],
        "prediction": "red <b>",
        "score": -1.0,
        "seen": SEEN,
    },
    {"input": "/data/b.png", "reference": ["two"], "prediction": "", "score": -2.0},
]


@pytest.fixture
def run(tmp_path):
    from kerasseq.run_folder import RunFolder

    return read_run(RunFolder(write_run(tmp_path / "captions", examples=LINES)))


def test_each_word_is_bright_where_it_looked(run):
    content = panel(run).content
    (shown,) = content["pictures"]
    assert (shown.name, shown.caption, shown.rows, shown.columns) == ("a.png", "red <b>", 2, 3)
    first, second = shown.looks
    assert first.shades == [(0.4, "M0 1h1v1h-1zM1 1h1v1h-1z"), (0.8, "M1 0h1v1h-1zM2 0h1v1h-1zM2 1h1v1h-1z")]
    assert [opacity for opacity, _ in second.shades] == [0.8] and "M2 0" not in second.shades[0][1]
    assert content["num_others"] == 1


def test_the_page_has_the_pictures_instead_of_samples_and_escapes_words(run):
    html = render(run)
    assert '<section id="pictures"' in html and 'id="samples"' not in html
    assert html.count(f'href="{PIXEL}"') == 1 and html.count('<use href="#picture-1"/>') == 1
    assert (
        "red &lt;b&gt;" in html and "<b>" not in html.partition('id="pictures"')[2].partition("</section>")[0]
    )
    assert all(f'<li><bdi dir="auto">{said}</bdi></li>' in html for said in LINES[0]["reference"])
    assert "predictions.jsonl has 1 more picture;" in html


def test_without_attention_there_are_pictures_alone(run):
    plain = {**LINES[0], "seen": {"words": ["red"], "grid": [2, 3], "picture": PIXEL}}
    html = render(type(run)(**{**vars(run), "predictions": [plain]}))
    assert "bright is where" not in html and f'src="{PIXEL}"' in html
    without = {**LINES[0], "seen": {**SEEN, "picture": ""}, "reference": "one"}
    html = render(type(run)(**{**vars(run), "predictions": [without]}))
    assert "<img" not in html and '<rect width="3" height="2" fill="#fff"/>' in html


def test_another_kind_of_run_has_none(run):
    assert panel(type(run)(**{**vars(run), "predictions": LINES[1:]})) is None
