import os
import subprocess
import sys
from pathlib import Path

import pytest

import kerasseq
from kerasseq.errors import RunFolderError
from kerasseq.recipe import load_recipe
from kerasseq.resuming import alone, check_same_data, claim
from kerasseq.run_folder import RunFolder, write_json, write_text


@pytest.fixture
def folder(tmp_path):
    """A run of translate_dates that never came to its first epoch."""
    folder = RunFolder(tmp_path / "run")
    write_text(folder.recipe, load_recipe("translate_dates").to_yaml())
    write_text(folder.vocabulary / "source.txt", "<pad>\n")
    return folder


def trained(folder):
    write_text(folder.checkpoints / "epoch_1.npz", "")
    return folder


def test_a_run_that_never_trained_gives_its_folder_and_its_vocabulary_up(folder):
    claim(folder, load_recipe("translate_dates"), fresh=False)
    assert not folder.path.exists()


def test_a_trained_run_is_gone_on_with(folder):
    claim(trained(folder), load_recipe("translate_dates", ["train.epochs=99"]), fresh=False)
    assert (folder.checkpoints / "epoch_1.npz").exists()


def test_what_a_killed_process_left_half_written_is_removed(folder):
    trained(folder)
    for left in (folder.path / ".history.77.csv", folder.checkpoints / ".epoch_1_step_2.4711.npz"):
        write_text(left, "half")
    for kept in (folder.lock, folder.path / ".notes.txt"):
        write_text(kept, "")
    claim(folder, load_recipe("translate_dates"), fresh=False)
    assert {path.name for path in folder.path.iterdir() if path.name.startswith(".")} == {
        ".lock",
        ".notes.txt",
    }
    assert [path.name for path in folder.checkpoints.iterdir()] == ["epoch_1.npz"]


def test_another_recipe_is_refused_by_the_keys_that_differ(folder):
    other = load_recipe("translate_dates", ["seed=2", "model.encoder.units=9"])
    with pytest.raises(RunFolderError, match="it differs in: model.encoder.units, seed.\n  fix: --fresh"):
        claim(trained(folder), other, fresh=False)
    assert folder.recipe.exists()


def test_fresh_starts_over(folder):
    claim(trained(folder), load_recipe("translate_dates", ["seed=2"]), fresh=True)
    assert not folder.path.exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    for fresh in (False, True):
        with pytest.raises(RunFolderError, match="holds something else than a run"):
            claim(RunFolder(tmp_path), load_recipe("translate_dates"), fresh=fresh)
    with pytest.raises(RunFolderError, match="is a file"):
        claim(RunFolder(tmp_path / "letter.txt"), load_recipe("translate_dates"), fresh=False)
    assert (tmp_path / "letter.txt").read_text() == "dear"


def test_changed_data_is_named(folder):
    write_json(folder.environment, {"data": {"sha256": {"a.tsv": "1", "b.tsv": "2"}}})
    check_same_data(folder, {"a.tsv": "9"})  # never trained: nothing depends on the data
    check_same_data(trained(folder), {"a.tsv": "1", "c.tsv": "3"})
    with pytest.raises(RunFolderError, match="changed since: b.tsv.\n  fix: --fresh"):
        check_same_data(folder, {"a.tsv": "1", "b.tsv": "3"})


HOLD = """
import os, sys
from kerasseq.resuming import alone
from kerasseq.run_folder import RunFolder
with alone(RunFolder(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def other_process(tmp_path):
    """A process that is at work in a run folder."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "run")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(kerasseq.__file__).parent.parent)},
    )
    assert process.stdout.readline() == b"held\n"
    yield process
    process.kill()
    process.wait()
    process.stdin.close()
    process.stdout.close()


def test_a_second_process_is_refused_until_the_first_one_dies(tmp_path, other_process):
    folder = RunFolder(tmp_path / "run")
    message = rf"run is in use by process {other_process.pid} on .*\.\n  fix: wait for it, or name another"
    with pytest.raises(RunFolderError, match=message), alone(folder):
        pytest.fail("two at once")
    other_process.kill()
    other_process.wait()
    with alone(folder), alone(folder):  # as `run` and its training do
        assert folder.lock.exists()
    assert not folder.path.exists()


def test_the_lock_is_no_content(folder):
    with alone(folder):
        claim(folder, load_recipe("translate_dates"), fresh=False)
        assert [path.name for path in folder.path.iterdir()] == [".lock"]
        claim(folder, load_recipe("translate_dates"), fresh=True)
        write_text(folder.recipe, "kept")
    assert [path.name for path in folder.path.iterdir()] == ["recipe.yaml"]
    (folder.path / "recipe.yaml").rename(folder.path.parent / "file")
    with alone(RunFolder(folder.path.parent / "file")):
        pass
