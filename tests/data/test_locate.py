import pytest

from kerasseq.data.locate import find_file, search_folders
from kerasseq.errors import DataError
from kerasseq.shipped import shipped_folder


@pytest.fixture
def folders(tmp_path, monkeypatch):
    names = ("data", "environment", "recipe", "here")
    made = {name: tmp_path / name for name in names}
    for folder in made.values():
        folder.mkdir()
    monkeypatch.chdir(made["here"])
    monkeypatch.delenv("KERASSEQ_DATA", raising=False)
    return made


def test_the_order_of_search(folders, monkeypatch):
    behind = [folders["recipe"], folders["here"], shipped_folder("datasets")]
    assert search_folders(recipe_folder=folders["recipe"]) == behind
    monkeypatch.setenv("KERASSEQ_DATA", str(folders["environment"]))
    assert search_folders(recipe_folder=folders["recipe"]) == [folders["environment"], *behind]
    given = search_folders(data_folder=folders["data"], recipe_folder=folders["recipe"])
    assert given == [folders["data"], *behind]


def test_the_first_file_wins(folders):
    for name in ("recipe", "here"):
        (folders[name] / "a.tsv").write_text(name)
    assert find_file("a.tsv", search_folders(), asked_by="k") == folders["here"] / "a.tsv"
    both = search_folders(recipe_folder=folders["recipe"])
    assert find_file("a.tsv", both, asked_by="k") == folders["recipe"] / "a.tsv"
    absolute = str(folders["here"] / "a.tsv")
    assert find_file(absolute, both, asked_by="k") == folders["here"] / "a.tsv"


def test_shipped_data_is_found(folders):
    assert find_file("dates/train.tsv", search_folders(), asked_by="k").parent.name == "dates"


def test_a_missing_file_names_every_place(folders):
    with pytest.raises(DataError) as error:
        find_file("none.tsv", search_folders(recipe_folder=folders["recipe"]), asked_by="data.source.train")
    lines = str(error.value).splitlines()
    assert lines[0] == "`data.source.train` is not there: none.tsv"
    assert lines[1:4] == [
        f"  looked at: {folders['recipe'] / 'none.tsv'}",
        f"  looked at: {folders['here'] / 'none.tsv'}",
        f"  looked at: {shipped_folder('datasets') / 'none.tsv'}",
    ]
    assert lines[4] == "  fix: correct the path, or give the folder it lies in with --data or $KERASSEQ_DATA"


def test_a_folder_is_no_file(folders):
    with pytest.raises(DataError, match="`k` is a folder, not a file"):
        find_file(str(folders["data"]), [], asked_by="k")
