"""Processes that start and end together; plain Python stands in for kerasseq."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from kerasseq.errors import KerasseqError
from kerasseq.threads import WITHIN_AN_OPERATION
from kerasseq.workers import launch as launching
from kerasseq.workers.launch import command_of, launch

WHO = "import json, os, sys, time; me = json.loads(os.environ['TF_CONFIG'])['task']['index']; "


@pytest.fixture
def started(monkeypatch):
    """Launches a line of Python with `me`, the worker's number."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setattr(launching, "MODULE", ("-c",))
    monkeypatch.setattr(launching, "LOOK_SECONDS", 0.01)
    return lambda code, **options: launch([WHO + code], **{"workers": 2, **options})


def test_each_has_its_place_and_a_part_of_the_cores(started, tmp_path, monkeypatch):
    monkeypatch.setattr(launching, "num_cores", lambda: 7)
    monkeypatch.delenv(WITHIN_AN_OPERATION, raising=False)
    found = f"os.environ['TF_CONFIG'] + os.environ['{WITHIN_AN_OPERATION}']"
    code = f"open(f'{tmp_path}/' + str(me), 'w').write({found})"
    assert started(code, workers=3) == 0
    said = [(tmp_path / str(number)).read_text() for number in range(3)]
    assert len(set(said)) == 3
    assert len({text.split('"task"')[0] for text in said}) == 1
    assert all(text.endswith("2") for text in said)


def test_what_the_first_prints_is_shown(started, capfd):
    assert started("print('I am', me)") == 0
    assert capfd.readouterr().out == "I am 0\n"


def test_the_exit_code_is_that_of_the_first_to_fail(started, monkeypatch, capfd):
    monkeypatch.setattr(launching, "GRACE_SECONDS", 0.1)
    code = "me and (print('no data', file=sys.stderr), sys.exit(2)); time.sleep(300)"
    assert started(code) == 2
    assert capfd.readouterr().err == "worker 1: no data\n"


def test_the_others_end_soon_when_one_is_killed(started, monkeypatch, capfd):
    monkeypatch.setattr(launching, "GRACE_SECONDS", 0.1)
    began = time.monotonic()
    assert started("me and os.kill(os.getpid(), 9); time.sleep(300)") == 137
    assert time.monotonic() - began < 200
    assert capfd.readouterr().err == "Worker 1 was ended by SIGKILL; the same command goes on.\n"


def test_a_signal_reaches_all(started, tmp_path):
    def send():
        while len(list(tmp_path.iterdir())) < 2:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)

    sender = threading.Thread(target=send)
    sender.start()
    code = (
        "import signal; signal.signal(15, lambda *_: sys.exit(143)); "
        f"open(f'{tmp_path}/' + str(me), 'w'); time.sleep(60)"
    )
    assert started(code) == 143
    sender.join()


def test_each_gets_a_gpu_of_its_own(monkeypatch, tmp_path):
    environments = launching._environments({"CUDA_VISIBLE_DEVICES": "3, 5,7"}, ["a:1", "b:1"])
    assert [environment["CUDA_VISIBLE_DEVICES"] for environment in environments] == ["3", "5"]
    assert WITHIN_AN_OPERATION not in environments[0]
    with pytest.raises(KerasseqError, match="There are 2 workers and 1 GPUs.\n  fix: start as many workers"):
        launching._environments({"CUDA_VISIBLE_DEVICES": "0"}, ["a:1", "b:1"])


def test_a_command_line_is_that_of_the_function():
    options = {"--out": "o", "--data": None, "--fresh": True}
    line = "run a.yaml seed=2 --out o --fresh"
    assert command_of("run", "a.yaml", ["seed=2"], options) == line.split()
    given = {"train.watch": ["tensorboard"], "train.clipping": None, "decode": "beam"}
    assert command_of("train", "a", given, {"--fresh": False}) == [
        "train", "a", 'train.watch=["tensorboard"]', "train.clipping=null", 'decode="beam"',
    ]  # fmt: skip


def test_the_command_checks_the_recipe_first(tmp_path):
    (tmp_path / "a.yaml").write_text("model: {type: seq2sec}\n")
    command = [sys.executable, "-m", "kerasseq", "launch", str(tmp_path / "a.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "did you mean 'seq2seq'?" in done.stderr and "Traceback" not in done.stderr
