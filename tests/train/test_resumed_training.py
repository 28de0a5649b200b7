"""A training that was killed, torn or asked to stop goes on to the very same weights."""

import csv
import errno
import os
import signal
import threading

import numpy as np
import pytest

from kerasseq.errors import Interrupted, RunFolderError
from kerasseq.run_folder import RunFolder
from kerasseq.train.callbacks.between_steps import BetweenSteps
from tests.train.small_training import EVERYTHING, STEPS, Killed, kill_at, run


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The training that nothing interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    return folder, *run(folder, **EVERYTHING)


def _rows(folder):
    with RunFolder(folder).history.open(newline="") as file:
        rows = list(csv.DictReader(file))
    times = ("seconds", "tokens_per_second")
    return [{name: value for name, value in row.items() if name not in times} for row in rows]


def _assert_the_same(folder, checkpoints, weights, whole):
    whole_folder, expected, expected_weights = whole
    for one, other in zip(weights, expected_weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert checkpoints.best_epoch == expected.best_epoch
    assert _rows(folder) == _rows(whole_folder)
    last, same = (np.load(path / "checkpoints" / "epoch_3.npz") for path in (folder, whole_folder))
    for name in set(same.files) - {"state"}:
        np.testing.assert_array_equal(last[name], same[name])


def _killed(folder, monkeypatch, step, **options):
    with monkeypatch.context() as patch, pytest.raises(Killed):
        kill_at(patch, step)
        run(folder, **{**EVERYTHING, **options})


@pytest.mark.parametrize("steps", [(STEPS,), (1, 2, 6)], ids=str)
def test_a_killed_training_goes_on_to_the_same_weights(tmp_path, monkeypatch, whole, steps):
    """Between epochs; and several times over: before the second step, amid an epoch and in the next one."""
    for step in steps:
        _killed(tmp_path, monkeypatch, step)
    _assert_the_same(tmp_path, *run(tmp_path, **EVERYTHING), whole)


def test_without_a_checkpoint_in_the_epoch_it_is_trained_once_more(tmp_path, monkeypatch, whole):
    _killed(tmp_path, monkeypatch, STEPS + 3, checkpoint_minutes=10.0)
    assert [path.name for path in (tmp_path / "checkpoints").glob("epoch*")] == ["epoch_1.npz"]
    _assert_the_same(tmp_path, *run(tmp_path, **EVERYTHING), whole)


def test_a_training_killed_while_it_saves_goes_on_from_the_checkpoint_before(tmp_path, monkeypatch, whole):
    replace, saved = os.replace, []

    def die(source, target):
        saved.append(str(target))
        if len(saved) == 4:
            raise Killed
        return replace(source, target)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, "replace", die)
        run(tmp_path, **EVERYTHING)
    assert saved[-1].endswith("epoch_0_step_4.npz")
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == [
        "epoch_0_step_2.npz",
        "epoch_0_step_3.npz",
    ]
    _assert_the_same(tmp_path, *run(tmp_path, **EVERYTHING), whole)


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path, monkeypatch, whole, capsys, damage):
    _killed(tmp_path, monkeypatch, STEPS + 3)
    last = tmp_path / "checkpoints" / "epoch_1_step_3.npz"
    content = bytearray(last.read_bytes())
    if damage == "cut":
        del content[len(content) // 2 :]
    else:
        content[content.index(b"\x93NUMPY") + 200] ^= 1  # in the numbers, not between the archive's parts
    last.write_bytes(content)
    checkpoints, weights = run(tmp_path, **EVERYTHING)
    said = capsys.readouterr().err
    assert said.startswith(f"{last} cannot be read: ")
    assert said.endswith("Going on from epoch_1_step_2.npz, the one before.\n")
    _assert_the_same(tmp_path, checkpoints, weights, whole)


def test_a_full_disk_keeps_the_last_checkpoint_and_says_how_to_go_on(tmp_path, monkeypatch, whole):
    savez, saved = np.savez, []

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
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2
    _assert_the_same(tmp_path, *run(tmp_path, **EVERYTHING), whole)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_step_saves_and_says_how_to_go_on(tmp_path, monkeypatch, whole, number, code):
    before, seen, handlers = BetweenSteps.on_train_batch_begin, [], signal.getsignal(number)

    def send(self, batch, logs=None):
        seen.append(batch)
        if len(seen) == STEPS + 3:
            os.kill(os.getpid(), number)
        before(self, batch, logs)

    with monkeypatch.context() as patch, pytest.raises(Interrupted) as stopped:
        patch.setattr(BetweenSteps, "on_train_batch_begin", send)
        run(tmp_path, **{**EVERYTHING, "checkpoint_minutes": 10.0})
    name = {130: "Ctrl-C", 143: "SIGTERM"}[code]
    assert str(stopped.value) == (
        f"{name}: stopped and saved in epoch 2 after step 2; the same command goes on from there, in "
        f"{tmp_path}"
    )
    assert stopped.value.exit_code == code
    assert signal.getsignal(number) is handlers
    _assert_the_same(tmp_path, *run(tmp_path, **EVERYTHING), whole)


def test_signals_are_left_alone_outside_the_main_thread(tmp_path):
    found = []
    thread = threading.Thread(target=lambda: found.append(run(tmp_path, epochs=1)))
    thread.start()
    thread.join()
    assert found[0][0].epoch == 1


def test_only_the_last_checkpoints_are_kept(tmp_path):
    run(tmp_path, epochs=4, keep_checkpoints=3)
    names = sorted(path.name for path in (tmp_path / "checkpoints").iterdir())
    assert names == ["best.npz", "epoch_2.npz", "epoch_3.npz", "epoch_4.npz"]


def test_a_finished_training_writes_a_history_that_was_lost(tmp_path):
    run(tmp_path, epochs=1)
    rows = _rows(tmp_path)
    RunFolder(tmp_path).history.unlink()
    run(tmp_path, epochs=1)
    assert _rows(tmp_path) == rows
