"""Native noise is held back while a module loads, and shown where the import fails."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kerasseq.quiet import SETTINGS, UNUSED, import_quietly, set_log_levels

ROOT = Path(__file__).parent.parent
NOISY = "import os\nos.write(2, b'banner\\n')\n"


def without_settings():
    return {name: value for name, value in os.environ.items() if name not in SETTINGS}


@pytest.fixture
def noisy(tmp_path, monkeypatch):
    """The name of a module that prints to the terminal's own error stream."""
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")

    def write(name, text=NOISY):
        (tmp_path / f"{name}.py").write_text(text)
        return name

    yield write
    for name in ("noisy_a", "noisy_b", "noisy_c"):
        sys.modules.pop(name, None)


def test_noise_is_held_back(noisy, capfd):
    assert import_quietly(noisy("noisy_a")).__name__ == "noisy_a"
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "after\n"
    assert import_quietly("noisy_a") is sys.modules["noisy_a"]


def test_noise_before_a_failure_is_shown(noisy, capfd):
    with pytest.raises(ZeroDivisionError):
        import_quietly(noisy("noisy_b", NOISY + "1 / 0\n"))
    assert capfd.readouterr().err == "banner\n"


def test_noise_that_somebody_asked_for_is_shown(noisy, capfd, monkeypatch):
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    import_quietly(noisy("noisy_c"))
    assert capfd.readouterr().err == "banner\n"


def test_a_command_loads_keras_without_what_it_does_not_need_which_can_still_be_imported():
    unused = [name for name in UNUSED if importlib.util.find_spec(name)]
    assert "matplotlib" in unused
    code = (
        "import sys; from kerasseq.quiet import load_engine; load_engine();"
        f" print('keras' in sys.modules, *[name for name in {unused} if name in sys.modules]);"
        f" import {', '.join(unused)}"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=without_settings(), capture_output=True, text=True
    )
    assert (done.stdout.split(), done.stderr, done.returncode) == (["True"], "", 0)


def test_log_levels_leave_the_environment_its_own(monkeypatch):
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "1")
    set_log_levels()
    assert {name: os.environ.pop(name) for name in SETTINGS} == {**SETTINGS, "TF_CPP_MIN_LOG_LEVEL": "1"}


def test_importing_the_package_sets_the_levels_and_imports_nothing_heavy():
    code = (
        "import kerasseq, os, sys; print(os.environ['TF_CPP_MIN_LOG_LEVEL'],"
        " *{'tensorflow', 'keras', 'numpy', 'pydantic', 'typer'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=without_settings(), capture_output=True, text=True
    )
    assert (done.stdout.strip(), done.returncode) == ("3", 0)
