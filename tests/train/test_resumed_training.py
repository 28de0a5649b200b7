"""A training that was killed, torn or asked to stop goes on to the very same weights."""

import errno
import os
import shutil
import signal
import threading

import numpy as np
import pytest

from kerasseq.errors import Interrupted, RunFolderError
from kerasseq.run_folder import RunFolder
from kerasseq.train.callbacks.between_steps import BetweenSteps
from tests.train.small_training import EVERYTHING, STEPS, Killed, history_rows, kill_at, run


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The training that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, *run(folder, **EVERYTHING)


def _assert_the_same(folder, checkpoints, weights, whole):
    whole_folder, expected, expected_weights = whole
    for one, other in zip(weights, expected_weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert checkpoints.best_epoch == expected.best_epoch
    assert history_rows(RunFolder(folder)) == history_rows(RunFolder(whole_folder))
    last, same = (np.load(path / "checkpoints" / "epoch_3.npz") for path in (folder, whole_folder))
    for name in set(same.files) - {"state"}:
        np.testing.assert_array_equal(last[name], same[name])


def _kept(folder):
    return sorted(path.name for path in (folder / "checkpoints").iterdir())


def _killed(folder, monkeypatch, step, **options):
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, step)
        run(folder, **{**EVERYTHING, **options})


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path, monkeypatch, whole):
    """Before the second step, after fewer epochs, and amid an epoch of which nothing is saved."""
    _killed(tmp_path, monkeypatch, 1)
    run(tmp_path, **{**EVERYTHING, "epochs": 1})
    _killed(tmp_path, monkeypatch, 3, checkpoint_minutes=10.0)
    assert _kept(tmp_path) == ["best.npz", "epoch_0_step_4.npz", "epoch_1.npz"]
    _assert_the_same(tmp_path, *run(tmp_path, **EVERYTHING), whole)


def test_a_checkpoint_that_is_not_whole_leaves_those_before_it(tmp_path, monkeypatch, whole):
    """On a disk that is full, which it says; and where it is killed while it saves."""
    savez, replace, saved = np.savez, os.replace, []

    def fill(file, **arrays):
        saved.append(file)
        if len(saved) == 4:
            file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        savez(file, **arrays)

    with monkeypatch.context() as patch, pytest.raises(RunFolderError) as full:
        patch.setattr(np, "savez", fill)
        run(tmp_path, **EVERYTHING)
    assert str(full.value) == (
        f"{tmp_path}/checkpoints/epoch_0_step_4.npz cannot be written: No space left on device. The disk is "
        "full. Earlier checkpoints are as they were.\n"
        "  fix: make room, then run the same command again: it goes on from the last one"
    )
    assert _kept(tmp_path) == ["epoch_0_step_2.npz", "epoch_0_step_3.npz"]

    def die(source, target):
        if str(target).endswith("epoch_0_step_4.npz"):
            raise Killed
        return replace(source, target)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, "replace", die)
        run(tmp_path, **EVERYTHING)
    assert _kept(tmp_path) == ["epoch_0_step_2.npz", "epoch_0_step_3.npz"]
    _assert_the_same(tmp_path, *run(tmp_path, **EVERYTHING), whole)


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path, whole, capsys, damage):
    folder = tmp_path / "run"
    shutil.copytree(whole[0], folder)
    last = folder / "checkpoints" / "epoch_3.npz"
    content = bytearray(last.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[content.index(b"\x93NUMPY") + 200] ^= 1  # in the numbers, not between the archive's parts
    last.write_bytes(content)
    checkpoints, weights = run(folder, **EVERYTHING)
    said = capsys.readouterr().err
    assert said.startswith(f"{last} cannot be read: ")
    assert said.endswith("Going on from epoch_2_step_4.npz, the one before.\n")
    _assert_the_same(folder, checkpoints, weights, whole)


def test_a_signal_ends_the_step_saves_and_says_how_to_go_on(tmp_path, monkeypatch, whole):
    """Ctrl-C amid the second epoch, and SIGTERM in what is left of it."""
    for number, code, name, steps, after in (
        (signal.SIGINT, 130, "Ctrl-C", STEPS + 3, 2),
        (signal.SIGTERM, 143, "SIGTERM", 2, 3),
    ):
        stopped, handler = _signalled(tmp_path, monkeypatch, number, steps)
        assert str(stopped) == (
            f"{name}: stopped and saved in epoch 2 after step {after}; the same command goes on from there, "
            f"in {tmp_path}"
        )
        assert stopped.exit_code == code
        assert signal.getsignal(number) is handler
    _assert_the_same(tmp_path, *run(tmp_path, **EVERYTHING), whole)


def _signalled(folder, monkeypatch, number, steps):
    """Sends a signal before a step; how training ended, and who had handled that signal before."""
    before, seen, handler = BetweenSteps.on_train_batch_begin, [], signal.getsignal(number)

    def send(self, batch, logs=None):
        seen.append(batch)
        if len(seen) == steps:
            os.kill(os.getpid(), number)
        before(self, batch, logs)

    with monkeypatch.context() as patch, pytest.raises(Interrupted) as stopped:
        patch.setattr(BetweenSteps, "on_train_batch_begin", send)
        run(folder, **{**EVERYTHING, "checkpoint_minutes": 10.0})
    return stopped.value, handler


def test_signals_are_left_alone_outside_the_main_thread(tmp_path):
    found = []
    thread = threading.Thread(target=lambda: found.append(run(tmp_path, epochs=1)))
    thread.start()
    thread.join()
    assert found[0][0].epoch == 1


def test_only_the_last_checkpoints_are_kept(tmp_path):
    run(tmp_path, epochs=4, keep_checkpoints=3)
    assert _kept(tmp_path) == ["best.npz", "epoch_2.npz", "epoch_3.npz", "epoch_4.npz"]


def test_a_finished_training_writes_a_history_that_was_lost(tmp_path):
    run(tmp_path, epochs=1)
    rows = history_rows(RunFolder(tmp_path))
    RunFolder(tmp_path).history.unlink()
    run(tmp_path, epochs=1)
    assert history_rows(RunFolder(tmp_path)) == rows
