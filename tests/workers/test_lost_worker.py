"""A cluster that is stopped, loses a worker and goes on ends where one ends that ran through."""

import os
import subprocess
import sys

import numpy as np

from tests.workers.together import BROKEN


def test_a_broken_run_goes_on_bit_for_bit(together):
    """Stopped by a signal to one worker, then robbed of one (see together.py), then left alone."""
    folder, found = together
    first, second = found["stopped"]
    assert first == (
        "143: SIGTERM: stopped and saved in epoch 1 after step 3; the same command goes on from there, in "
        f"{folder / 'broken'}"
    )
    assert second.endswith("; the same command on all workers goes on from there")
    states = {path.name for path in (folder / "broken" / "checkpoints").glob("epoch_*.npz")}
    # All of them end behind the same step, amid an accumulation; and what is lost is less than a step more.
    assert {"epoch_0_step_3.npz", "epoch_0_step_4.npz"} <= states
    assert not states & {"epoch_0_step_5.npz", "epoch_1.npz"}

    said = (folder / "said.txt").read_text()
    assert "A worker of the cluster was lost" in said and "goes on from the last checkpoint in broken" in said
    assert "Traceback" not in said

    command = [sys.executable, "-m", "kerasseq", "launch", "--train", "text.yaml", "--out", "broken", *BROKEN]
    environment = {**os.environ, "CUDA_VISIBLE_DEVICES": "-1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=800)
    assert done.returncode == 0, done.stderr
    whole, broken = (np.load(folder / run / "checkpoints" / "epoch_2.npz") for run in ("text", "broken"))
    different = [name for name in whole.files if not np.array_equal(whole[name], broken[name])]
    assert different == ["state"]  # which has the times of day
    assert not (folder / "broken" / ".lock").exists()
