import pytest

from kerasseq.errors import RunFolderError
from kerasseq.recipe import load_recipe
from kerasseq.resuming import check_same_data, claim
from kerasseq.run_folder import RunFolder, write_json, write_text


@pytest.fixture
def folder(tmp_path):
    """A run of translate_dates that never came to its first epoch."""
    folder = RunFolder(tmp_path / "run")
    write_text(folder.recipe, load_recipe("translate_dates").to_yaml())
    write_text(folder.vocabulary / "source.txt", "<pad>\n")
    return folder


def trained(folder):
    write_text(folder.checkpoints / "last.npz", "")
    return folder


def test_a_run_that_never_trained_gives_its_folder_and_its_vocabulary_up(folder):
    claim(folder, load_recipe("translate_dates"), fresh=False)
    assert not folder.path.exists()


def test_a_trained_run_is_gone_on_with(folder):
    claim(trained(folder), load_recipe("translate_dates", ["train.epochs=99"]), fresh=False)
    assert (folder.checkpoints / "last.npz").exists()


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
