import pytest

from kerasseq import registry
from kerasseq.data.inspection import bad_lines, inspect_data
from kerasseq.data.prepare import prepare_data
from tests.data.recordings import tone, write_wav

SPLITS = {
    "train": "a b\tx\na b\tx\na b\ty\nc\tz\n",
    "validation": "a b\tx\nc\ty\nd e d e\tx\n",
    "test": "q\tq\n",
}


def _written(folder):
    """The source of the three splits, below a folder."""
    for name, text in SPLITS.items():
        (folder / f"{name}.tsv").write_text(text, "utf-8")
    return {"type": "parallel", **{name: f"{name}.tsv" for name in SPLITS}}


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    folder = tmp_path_factory.mktemp("splits")
    prepared = prepare_data(source=_written(folder), folders=[folder], cache_folder=str(folder / "cache"))
    return inspect_data(prepared)


def test_unknown_words(reports):
    assert reports["train"].fields["source"].unknown_rate == 0
    assert reports["validation"].fields["source"].unknown_rate == 4 / 7
    assert reports["test"].fields["target"].unknown_rate == 1


def test_lengths(reports):
    report = reports["validation"].fields["source"]
    assert report.num_tokens == 7
    assert report.lengths == {0.5: 2, 0.9: 4, 0.95: 4, 0.99: 4, 1.0: 4}


def test_duplicates_and_contradictions_within_a_split(reports):
    assert (reports["train"].duplicates, reports["train"].contradictions) == (1, 1)
    assert (reports["validation"].duplicates, reports["validation"].contradictions) == (0, 0)


def test_leaks_between_splits(reports):
    assert reports["validation"].leaks == {"train": 1, "test": 0}
    assert reports["validation"].source_leaks == {"train": 2, "test": 0}
    assert reports["train"].leaks == {"validation": 2, "test": 0}
    assert reports["test"].source_leaks == {"train": 0, "validation": 0}


def test_bad_lines_are_listed_and_counted(tmp_path):
    source = _written(tmp_path)
    (tmp_path / "train.tsv").write_bytes(b"a\tb\n\nx\n" + b"\xff\tx\n" * 30)
    found = bad_lines(registry.create("source", source, folders=[tmp_path]))
    count, shown = found["train"]
    assert count == 32
    assert len(shown) == 20
    path = tmp_path / "train.tsv"
    assert shown[:3] == [
        f"{path}:2: the line is empty",
        f"{path}:3: expected 2 tab-separated columns, found 1",
        f"{path}:4: byte 0xff at column 1 is not utf-8",
    ]
    assert found["test"] == (0, [])


def test_recordings_are_compared_by_what_is_heard(tmp_path):
    for name, hz in {"train/a/1": 300, "train/b/1": 500, "train/b/2": 500, "test/a/9": 300}.items():
        write_wav(tmp_path / f"{name}.wav", tone(hz))
    write_wav(tmp_path / "test" / "b" / "1.wav", tone(900))
    prepared = prepare_data(
        source={"type": "folders", "train": "train", "validation": "test"},
        features={"input": {"type": "audio", "sample_rate": 8000}, "label": {"type": "label"}},
        fields=("input", "label"),
        folders=[tmp_path],
        cache_folder=str(tmp_path / "cache"),
    )
    reports = inspect_data(prepared)
    assert reports["train"].duplicates == 1 and reports["validation"].leaks == {"train": 1}
