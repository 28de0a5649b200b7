"""A cluster that is stopped, loses a worker and goes on ends where one ends that ran through."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from tests.workers.together import BROKEN

pytestmark = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="finds workers in /proc")
SECONDS = 400


def _start(folder):
    command = [sys.executable, "-m", "kerasseq", "launch", "--train", "text.yaml", "--out", "broken", *BROKEN]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    return subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _states(folder):
    return {path.name for path in (folder / "broken" / "checkpoints").glob("epoch_*.npz")}


def _kill_the_second(folder):
    """Starts the workers, kills the second one behind its first step, and tells how all ended."""
    before, process, until = _states(folder), _start(folder), time.monotonic() + SECONDS
    try:
        while _states(folder) == before and process.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[1]), signal.SIGKILL)
        _, said = process.communicate(timeout=SECONDS)
    finally:
        process.terminate()
    return process.returncode, said


def test_a_broken_run_goes_on_bit_for_bit(together):
    """Stopped by a signal to one worker (see together.py), then robbed of one, then left alone."""
    folder, found = together
    first, second = found["stopped"]
    assert first == (
        "143: SIGTERM: stopped and saved in epoch 1 after step 3; the same command goes on from there, in "
        f"{folder / 'broken'}"
    )
    assert second.endswith("; the same command on all workers goes on from there")
    stopped = _states(folder)
    assert "epoch_0_step_3.npz" in stopped  # all of them end behind the same step, amid an accumulation

    code, said = _kill_the_second(folder)
    assert code == 137
    assert "A worker of the cluster was lost" in said and "goes on from the last checkpoint in broken" in said
    assert "Worker 1 was ended by SIGKILL" in said and "Traceback" not in said
    assert _states(folder) > stopped

    process = _start(folder)
    _, said = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, said
    whole, broken = (np.load(folder / run / "checkpoints" / "epoch_2.npz") for run in ("text", "broken"))
    different = [name for name in whole.files if not np.array_equal(whole[name], broken[name])]
    assert different == ["state"]  # which has the times of day
    assert not (folder / "broken" / ".lock").exists()
