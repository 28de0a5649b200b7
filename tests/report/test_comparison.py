import pytest

from kerasseq.errors import RunFolderError
from kerasseq.report.comparison import comparison
from kerasseq.run_folder import RunFolder
from tests.report.run_files import RECIPE, write_json, write_run


@pytest.fixture
def two(tmp_path):
    """A run, and one with another cell and other results."""
    first, second = (write_run(tmp_path / name, num_examples=2) for name in ("lstm", "gru"))
    write_json(first / "metrics.json", {"test": {"bleu": 30.5, "loss": 1.25, "chrf": 50.0}})
    write_json(second / "metrics.json", {"test": {"bleu": 31.5, "loss": 1.5}, "seconds": {"training": 60}})
    recipe = (
        RECIPE.replace("cell: {type: lstm}, units", "cell: {type: gru}, units") + "export: [saved_model]\n"
    )
    (second / "recipe.yaml").write_text(recipe, encoding="utf-8")
    return [RunFolder(first), RunFolder(second)]


def test_results_stand_side_by_side_with_the_best_starred(two):
    lines = comparison(two).splitlines()
    assert [line.split() for line in lines[:4]] == [
        ["lstm", "gru"],
        ["BLEU", "30.50", "31.50*"],
        ["chrF", "50.00", "–"],
        ["Loss", "1.250*", "1.500"],
    ]
    assert lines[4].startswith("Training time") and lines[4].endswith("1 min 00 s")
    assert lines[5].split() == ["Epochs", "12", "12"]


def test_only_what_differs_of_the_recipes_is_shown(two):
    assert [line.split() for line in comparison(two).splitlines()[6:]] == [
        ["model.encoder.cell.type", "lstm", "gru"],
        ["export", "–", '["saved_model"]'],
    ]


def test_columns_are_aligned(two):
    lines = comparison(two).splitlines()
    assert len({len(line) for line in lines}) == 1


def test_runs_of_one_name_are_told_apart_by_their_paths(tmp_path):
    folders = [RunFolder(write_run(tmp_path / place / "run", num_examples=2)) for place in "ab"]
    assert comparison(folders).splitlines()[0].split() == [str(folder.path) for folder in folders]


def test_equal_values_have_no_star(tmp_path):
    folders = [RunFolder(write_run(tmp_path / name, num_examples=2)) for name in "ab"]
    assert "*" not in comparison(folders)


def test_a_missing_run_is_named(tmp_path):
    with pytest.raises(RunFolderError, match="nowhere is no run folder"):
        comparison([RunFolder(tmp_path / "nowhere")])
