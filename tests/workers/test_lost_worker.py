"""A cluster that is stopped, loses a worker and goes on ends where one ends that ran through."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
SECONDS = 400


def _start(folder):
    command = [sys.executable, "-m", "kerasseq", "launch", "--train", "dates.yaml", "--out", "broken"]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        [*command, "train.checkpoint_minutes=0", "train.keep_checkpoints=99"],
        cwd=folder,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _states(folder):
    return {path.name for path in (folder / "broken" / "checkpoints").glob("epoch_*.npz")}


def _signal_the_second(folder, number):
    """Starts the workers, sends the second one a signal behind its first step, and tells how all ended."""
    before, process, until = _states(folder), _start(folder), time.monotonic() + SECONDS
    try:
        while _states(folder) == before and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[1]), number)
        _, said = process.communicate(timeout=SECONDS)
    finally:
        process.terminate()
    return process.returncode, said


def test_a_broken_run_goes_on_bit_for_bit(together):
    folder, _ = together
    code, said = _signal_the_second(folder, signal.SIGTERM)
    assert code == 143
    assert "SIGTERM: stopped and saved in epoch " in said and "goes on from there, in broken" in said
    stopped = _states(folder)

    code, said = _signal_the_second(folder, signal.SIGKILL)
    assert code == 137
    assert "A worker of the cluster was lost" in said and "goes on from the last checkpoint in broken" in said
    assert "Worker 1 was ended by SIGKILL" in said and "Traceback" not in said
    assert _states(folder) > stopped

    process = _start(folder)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said
    whole, broken = (np.load(folder / run / "checkpoints" / "epoch_2.npz") for run in ("dates", "broken"))
    different = [name for name in whole.files if not np.array_equal(whole[name], broken[name])]
    assert different == ["state"]  # which has the times of day
    assert not (folder / "broken" / ".lock").exists()
