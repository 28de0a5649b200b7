"""Data sets that ship as a script are made once, whole, where every run finds them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerasseq import shipped
from kerasseq.data.locate import find_file, find_folder, search_folders
from kerasseq.data.made_sets import made_set, made_sets
from kerasseq.errors import DataError

SCRIPT = """
from __future__ import annotations
from dataclasses import dataclass
from pathlib import Path

@dataclass
class Tone:
    pitch: int

def make(folder: Path) -> None:
    (folder / "sounds").mkdir()
    (folder / "sounds" / "a.wav").write_text(str(Tone(440).pitch))
    (folder / "train.csv").write_text("sounds/a.wav,a")
"""


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout with a data set of files and one that is a script, and an empty cache and working folder."""
    files = {
        "datasets/dates/train.tsv": "a\tb\n",
        "datasets/dates/make.py": "def make(folder): raise SystemExit('not this one')",
        "datasets/tones/README.md": "# Tones\n",
        "datasets/tones/make.py": SCRIPT,
        "datasets/tones/__pycache__/make.pyc": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for name in ("kerasseq", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr(shipped, "PACKAGE", tmp_path / "kerasseq")
    monkeypatch.setenv("KERASSEQ_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KERASSEQ_DATA", raising=False)
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def _rewrite(checkout, script):
    (checkout / "datasets" / "tones" / "make.py").write_text(script)


def test_a_script_without_files_is_made_at_first_use(checkout):
    assert list(made_sets()) == ["tones"]


def test_it_is_made_once_and_said(checkout, capsys):
    file = find_file("tones/train.csv", search_folders(), asked_by="k")
    assert file.read_text() == "sounds/a.wav,a"
    assert file.parent.parent == checkout / "cache" / "datasets"
    assert capsys.readouterr().err == f"making the data set tones in {file.parent}\n"
    _rewrite(checkout, SCRIPT)
    assert find_file("tones/train.csv", search_folders(), asked_by="k") == file
    assert find_folder("tones/sounds", search_folders(), asked_by="k") == file.parent / "sounds"
    assert find_folder("tones", search_folders(), asked_by="k") == file.parent
    assert capsys.readouterr().err == ""
    assert [path.name for path in (checkout / "cache" / "datasets").iterdir()] == [file.parent.name]
    assert not list((checkout / "datasets" / "tones").glob("__pycache__/make.cpython*"))


def test_files_of_the_user_come_first(checkout, capsys):
    Path("tones").mkdir()
    Path("tones/train.csv").write_text("mine")
    assert find_file("tones/train.csv", search_folders(), asked_by="k").read_text() == "mine"
    assert find_folder("tones", search_folders(), asked_by="k") == Path("tones").resolve()
    assert capsys.readouterr().err == ""
    assert not (checkout / "cache").exists()


def test_another_script_makes_another_folder_and_another_description_does_not(checkout):
    before = made_set("tones")
    (checkout / "datasets" / "tones" / "README.md").write_text("# Other words\n")
    assert made_set("tones") == before
    _rewrite(checkout, SCRIPT.replace("440", "880"))
    assert (made_set("tones") / "sounds" / "a.wav").read_text() == "880"
    assert (before / "sounds" / "a.wav").read_text() == "440"


def test_a_file_that_it_does_not_have(checkout):
    with pytest.raises(DataError) as caught:
        find_file("tones/trian.csv", search_folders(), asked_by="data.source.train")
    lines = str(caught.value).splitlines()
    assert lines[0] == "`data.source.train` is not there: tones/trian.csv"
    assert lines[1:3] == [
        f"  looked at: {checkout / 'here' / 'tones' / 'trian.csv'}",
        f"  looked at: {made_set('tones') / 'trian.csv'}",
    ]


def test_nothing_is_made_for_other_paths(checkout):
    for path in ("dates/none.tsv", "none/train.csv", str(checkout / "datasets" / "tones" / "train.csv")):
        with pytest.raises(DataError):
            find_file(path, search_folders(), asked_by="k")
    with pytest.raises(DataError):
        find_file("tones/train.csv", [Path.cwd()], asked_by="k")
    assert not (checkout / "cache").exists()


def test_half_a_set_is_never_seen(checkout):
    _rewrite(checkout, SCRIPT + "    raise RuntimeError('stopped')\n")
    with pytest.raises(RuntimeError, match="stopped"):
        made_set("tones")
    assert list((checkout / "cache" / "datasets").iterdir()) == []


def test_what_a_killed_process_left_is_cleared(checkout):
    folder = made_set("tones")
    left = folder.with_name(f".{folder.name}.12345")
    folder.rename(left)
    assert made_set("tones") == folder
    assert not left.exists()


def test_a_missing_package_is_told(checkout):
    _rewrite(checkout, "import nosuchpackage\n")
    with pytest.raises(DataError) as caught:
        made_set("tones")
    script = checkout / "datasets" / "tones" / "make.py"
    assert str(caught.value) == (
        f"{script}: the data set tones cannot be made: No module named 'nosuchpackage'\n"
        "  fix: pip install nosuchpackage"
    )


def test_a_folder_that_cannot_be_written_is_told(checkout, monkeypatch):
    (checkout / "file").write_text("")
    monkeypatch.setenv("KERASSEQ_CACHE", str(checkout / "file"))
    with pytest.raises(DataError) as caught:
        made_set("tones")
    assert "the data set tones cannot be made here: Not a directory" in str(caught.value)
    assert str(caught.value).endswith("fix: set KERASSEQ_CACHE to a folder with room")


def test_processes_that_ask_at_once_make_it_once(checkout):
    waiting = SCRIPT.replace("def make", "import time\n\ndef make") + "    time.sleep(0.3)\n"
    _rewrite(checkout, waiting)
    code = (
        "from pathlib import Path\nfrom kerasseq import shipped\n"
        f"shipped.PACKAGE = Path({str(checkout / 'kerasseq')!r})\n"
        "from kerasseq.data.made_sets import made_set\nprint(made_set('tones'))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", code]
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "env": environment}
    started = [subprocess.Popen(command, **options) for _ in range(2)]
    ended = [process.communicate(timeout=60) for process in started]
    assert ended[0][0] == ended[1][0] != ""
    assert sorted(error.count("making the data set") for _, error in ended) == [0, 1]
