"""Sections that a kind of run adds to its report."""

import pytest

from kerasseq import registry
from kerasseq.report import page
from kerasseq.report.panel import Panel
from kerasseq.report.run_files import read_run


def _of_dates(run):
    shown = {"first": run.predictions[0]["prediction"], "unsafe": "<b>"}
    return Panel("Dates at a glance", shown, replaces_samples=True) if "dates" in run.name else None


@pytest.fixture
def dates_panel(monkeypatch, tmp_path):
    """A panel that would lie in panels/dates.py, with its template."""
    (tmp_path / "panels").mkdir()
    (tmp_path / "panels" / "dates.html").write_text("<p id=own>{{ content.first }}{{ content.unsafe }}</p>")
    monkeypatch.setattr(registry, "names", lambda kind: ["dates"] if kind == "panel" else [])
    monkeypatch.setattr(registry, "load", lambda kind, name: _of_dates)
    for file in page.TEMPLATES.glob("*.*"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    monkeypatch.setattr(page, "TEMPLATES", tmp_path)


def test_a_panel_is_shown_and_linked_instead_of_texts(run_folder, dates_panel):
    run = read_run(run_folder)
    html = page.render(run)
    assert '<h2 id="h-dates">Dates at a glance</h2>' in html
    assert '<a href="#dates">Dates at a glance</a>' in html
    assert f"<p id=own>{run.predictions[0]['prediction']}&lt;b&gt;</p>" in html
    assert 'id="samples"' not in html and 'href="#worst"' not in html


def test_of_another_kind_of_run_there_is_none(run_folder, dates_panel):
    run = read_run(run_folder)
    html = page.render(type(run)(**{**vars(run), "name": "other"}))
    assert "Dates at a glance" not in html and 'id="samples"' in html


def test_every_panel_has_its_template():
    for name in registry.names("panel"):
        assert (page.TEMPLATES / Panel("", {}, name=name).template).is_file()
