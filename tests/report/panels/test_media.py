"""The report of a classifier of recordings, pictures or videos."""

import pytest

from kerasseq.report.page import render
from kerasseq.report.panels.media import panel
from kerasseq.report.run_files import read_run
from kerasseq.run_folder import RunFolder
from tests.report.run_files import write_run

PIXEL = "data:image/png;base64,iVBORw0KGgo="
ANSWER = {"reference": "one", "prediction": "one", "score": 0.9, "probabilities": {"one": 0.9, "<two>": 0.1}}
WAVE = {
    **ANSWER,
    "input": "/data/test/one/a.wav",
    "shown": {"waveform": [0.0, 0.5], "seconds": 0.25},
    "attention_over_time": [0.2, 0.4, 0.0],
}
MISTAKE = {**ANSWER, "input": "/data/test/one/b.wav", "prediction": "<two>", "score": 0.8}


def read(tmp_path, *lines):
    return read_run(RunFolder(write_run(tmp_path / "media", examples=list(lines))))


def test_a_recording_is_its_outline_and_the_weight_of_each_step(tmp_path):
    found = panel(read(tmp_path, WAVE, MISTAKE))
    assert found.title == "Recordings" and found.replaces_samples
    (one,) = found.content["examples"]
    assert (one.name, one.is_right, one.share) == ("one/a.wav", True, 0.9)
    assert one.wave == "M0 0L0.25 -0.0L0.75 -0.5L1 0L0.75 0.5L0.25 0.0z"
    assert one.weights == [0.5, 1.0, 0.0]
    assert [mistake.name for mistake in found.content["mistakes"]] == ["one/b.wav"]


def test_the_page_shows_them_and_escapes_classes(tmp_path):
    html = render(read(tmp_path, WAVE, MISTAKE))
    assert '<section id="media"' in html and 'id="samples"' not in html
    assert 'aria-label="Waveform of one/a.wav"' in html and "0.25 s" in html
    assert "1 of 2 answers are right." in html and "&lt;two&gt;" in html and "<two>" not in html
    assert html.count("<rect x=") >= 2 and "predictions.jsonl has 1 more;" in html


@pytest.mark.parametrize(
    ("shown", "title"),
    [({"picture": PIXEL}, "Pictures"), ({"frames": [{"number": 1, "picture": PIXEL}]}, "Videos")],
)
def test_pictures_and_videos_are_shown(tmp_path, shown, title):
    run = read(tmp_path, {**WAVE, "shown": shown})
    found = panel(run)
    assert found.title == title and not found.content["mistakes"]
    assert found.content["examples"][0].weight(1) == 0.5 and found.content["examples"][0].weight(9) == 0.0
    html = render(run)
    assert html.count(PIXEL) == 1 and "The mistakes" not in html


def test_another_kind_of_run_has_none(tmp_path):
    assert panel(read(tmp_path, MISTAKE)) is None
    seen = {key: value for key, value in WAVE.items() if key != "probabilities"}
    assert panel(read(tmp_path / "other", seen)) is None
