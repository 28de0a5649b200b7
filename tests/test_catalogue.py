"""Shipped recipes and data sets are listed, shown and copied."""

import json
from pathlib import Path

import pytest

from kerasseq import catalogue, shipped
from kerasseq.errors import KerasseqError, RecipeError


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A made-up checkout with two recipes and a data set, and an empty working folder in it."""
    files = {
        "recipes/dates.yaml": "# yaml-language-server: $schema=x\n#\n# Translates dates.\n# More.\nseed: 1\n",
        "recipes/benchmarks/names.yaml": "seed: 2\n",
        "datasets/dates/README.md": "# Dates\n\nText.\n",
        "datasets/dates/train.tsv": "a\tb\n",
        "datasets/bare/train.tsv": "a\tb\n",
        "datasets/.hidden/train.tsv": "a\tb\n",
        "datasets/README.md": "# Not a data set\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    (tmp_path / "kerasseq").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(shipped, "PACKAGE", tmp_path / "kerasseq")
    monkeypatch.chdir(tmp_path / "here")
    return tmp_path


def test_an_installed_package_has_its_own_folders(checkout):
    assert shipped.shipped_folder("recipes") == checkout / "recipes"
    (checkout / "kerasseq" / "_shipped" / "recipes").mkdir(parents=True)
    assert shipped.shipped_folder("recipes") == checkout / "kerasseq" / "_shipped" / "recipes"
    assert shipped.shipped_folder("datasets") == checkout / "datasets"


def test_recipes_are_named_by_their_paths(checkout):
    names = [(entry.name, entry.summary) for entry in catalogue.recipes()]
    assert names == [("benchmarks/names", ""), ("dates", "Translates dates.")]


def test_a_recipe_is_shown_as_written(checkout):
    assert catalogue.show_recipe("benchmarks/names.yaml") == "seed: 2\n"
    with pytest.raises(RecipeError, match="did you mean 'dates'"):
        catalogue.show_recipe("date")


def test_a_recipe_is_copied_once(checkout):
    assert catalogue.copy_recipe("dates") == Path("dates.yaml")
    assert Path("dates.yaml").read_text() == (checkout / "recipes" / "dates.yaml").read_text()
    assert catalogue.copy_recipe("benchmarks/names", "new/mine.yaml") == Path("new/mine.yaml")
    with pytest.raises(KerasseqError) as caught:
        catalogue.copy_recipe("dates.yaml", ".")
    assert str(caught.value) == "dates.yaml is already there.\n  fix: name another file, or remove it first"


def test_data_sets_are_the_folders(checkout):
    names = [(entry.name, entry.summary) for entry in catalogue.datasets()]
    assert names[:2] == [("bare", ""), ("dates", "Dates")]
    assert (
        "ptb",
        "Penn Treebank as words, 929,589 for training, 10,000 different ones (to fetch, 6 MB)",
    ) in names


def test_a_data_set_is_copied_once(checkout):
    assert catalogue.prepare_dataset("dates") == Path("dates")
    assert sorted(path.name for path in Path("dates").iterdir()) == ["README.md", "train.tsv"]
    assert catalogue.prepare_dataset("bare", "new/folder") == Path("new/folder")
    with pytest.raises(KerasseqError) as caught:
        catalogue.prepare_dataset("dates")
    assert str(caught.value).startswith("dates is already there.\n  fix: give another folder with --out")


def test_a_data_set_that_ships_as_a_script_is_made(checkout, monkeypatch):
    monkeypatch.setenv("KERASSEQ_CACHE", str(checkout / "cache"))
    (checkout / "datasets" / "tones").mkdir()
    script = "def make(folder):\n    (folder / 'train.tsv').write_text('a')\n"
    (checkout / "datasets" / "tones" / "make.py").write_text(script)
    (checkout / "datasets" / "tones" / "README.md").write_text("# Tones\n")
    assert catalogue.datasets()[2].summary == "Tones (made at first use)"
    assert catalogue.prepare_dataset("tones") == Path("tones")
    assert sorted(path.name for path in Path("tones").iterdir()) == ["README.md", "make.py", "train.tsv"]
    assert not list(Path().glob(".*"))


def test_a_data_set_that_does_not_ship(checkout):
    with pytest.raises(KerasseqError) as caught:
        catalogue.prepare_dataset("date")
    expected = "There is no data set 'date' that ships.\n  allowed: bare, dates\n  fix: did you mean 'dates'?"
    assert str(caught.value) == expected
    with pytest.raises(KerasseqError) as caught:
        catalogue.prepare_dataset("zzz")
    assert str(caught.value) == "There is no data set 'zzz' that ships.\n  allowed: bare, dates"
    with pytest.raises(KerasseqError, match="fix: kerasseq datasets fetch ptb"):
        catalogue.prepare_dataset("ptb")


def test_a_public_data_set_is_fetched_where_data_lies(checkout, monkeypatch, capsys):
    text = "data: {source: {type: text, train: ptb/train.txt}}\n"
    (checkout / "recipes" / "benchmarks" / "ptb.yaml").write_text(text)
    monkeypatch.setattr("kerasseq.data.public.sets.fetch", lambda name, out: out / name)
    monkeypatch.delenv("KERASSEQ_DATA", raising=False)
    assert catalogue.fetch_dataset("ptb") == Path("data/ptb")
    assert capsys.readouterr().err == "kerasseq run benchmarks/ptb --data data\n"
    text = "data: {source: {type: series, path: timeseries/ETTh1.csv, date: date}}\n"
    (checkout / "recipes" / "ett.yaml").write_text(text)
    assert catalogue.fetch_dataset("airline", "there") == Path("there/airline")
    assert capsys.readouterr().err == ""
    assert catalogue.fetch_dataset("ett", "there") == Path("there/ett")
    assert capsys.readouterr().err == "kerasseq run ett --data there\n"
    monkeypatch.setenv("KERASSEQ_DATA", "set")
    assert catalogue.fetch_dataset("ptb") == Path("set/ptb")


def test_a_checkout_without_data_sets_lists_none(tmp_path, monkeypatch):
    monkeypatch.setattr(shipped, "PACKAGE", tmp_path / "kerasseq")
    assert all(entry.path is None for entry in catalogue.datasets())
    assert catalogue.recipes() == []


def test_the_schema_is_json(monkeypatch):
    monkeypatch.setattr("kerasseq.recipe.recipe_schema", lambda: {"title": "é"})
    assert json.loads(catalogue.schema()) == {"title": "é"}
