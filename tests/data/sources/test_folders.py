import gzip

import pytest

from kerasseq.data.sources.folders import Folders
from kerasseq.data.token_cache import checksum
from kerasseq.errors import DataError

TEXTS = {"pos/0_9.txt": "fine\nfilm\n", "pos/1_8.txt": "good", "neg/0_2.txt": "dull", "unsup/0.txt": "what"}


@pytest.fixture
def top(tmp_path):
    for name, text in {**TEXTS, "neg/.hidden": "x", ".git/a.txt": "x", "urls_pos.txt": "x"}.items():
        path = tmp_path / "train" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def _source(top, **options):
    return Folders(**{"train": "train", "validation": "train", "folders": [top], **options})


def test_classes_take_turns(top):
    source = _source(top, classes=["pos", "neg"])
    expected = [("dull", "neg"), ("fine\nfilm", "pos"), ("good", "pos")]
    assert list(source.read("train")) == expected
    assert [path.name for path in source.files("train")] == ["neg", "pos"]


def test_every_folder_is_a_class_unless_they_are_named(top):
    assert {label for _, label in _source(top).read("train")} == {"neg", "pos", "unsup"}


def test_gzip_is_read_and_what_is_no_text_told(top):
    (top / "train" / "neg" / "1.txt.gz").write_bytes(gzip.compress(b"bad"))
    (top / "train" / "neg" / "2.txt").write_bytes(b"a\n\xff")
    (top / "train" / "neg" / "3.txt").write_text(" \n")
    source, skipped = _source(top, classes=["neg"], on_bad_line="skip"), []
    assert list(source.read("train", on_skip=skipped.append)) == [("dull", "neg"), ("bad", "neg")]
    assert [row.problem for row in skipped] == ["byte 0xff at column 1 is not utf-8", "the input is empty"]
    assert skipped[0].place.endswith("2.txt:2")


def test_a_share_is_held_out(top):
    for number in range(200):
        (top / "train" / "pos" / f"{number}_x.txt").write_text(f"text {number}")
    source = _source(top, validation=None, validation_share=0.25)
    train, validation = (list(source.read(split)) for split in ("train", "validation"))
    assert 25 < len(validation) < 75 and not set(train) & set(validation)


def test_a_folders_checksum_is_that_of_its_name_and_files(top):
    before = checksum(top / "train" / "neg")
    (top / "train" / "neg" / ".other").write_text("y")
    assert checksum(top / "train" / "neg") == before
    (top / "train" / "neg" / "0_2.txt").write_text("dul")
    assert checksum(top / "train" / "neg") != before
    (top / "train" / "neg" / "0_2.txt").write_text("dull")
    assert checksum(top / "train" / "neg") == before
    assert checksum((top / "train" / "neg").rename(top / "train" / "bad")) != before


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"classes": ["pos", "negative"]},
            r"train: there is no folder 'negative'\n  allowed: neg, pos, unsup",
        ),
        ({"train": "test"}, r"`data\.source\.train` is not there: test\n  looked at: "),
        ({"train": "train/urls_pos.txt"}, r"`data\.source\.train` is a file, not a folder: "),
        ({"train": "train/pos"}, r"pos: there is no folder of a class\n  fix: correct `data\.source\.train`"),
    ],
)
def test_what_is_missing_is_told(top, options, message):
    with pytest.raises(DataError, match=message):
        list(_source(top, **options).read("train"))


def test_a_task_of_more_fields_has_another_source(top):
    with pytest.raises(
        DataError, match="`data.source` is 'folders', which has 2 texts an example, not a, b, c"
    ):
        _source(top, fields=("a", "b", "c"))


def test_recordings_and_videos_are_paths(tmp_path):
    for name in ("train/yes/1.wav", "train/no/1.wav", "train/no/clip/1.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"\xff")
    source = _source(tmp_path)
    source.media = ("input",)
    found = [(path.removeprefix(f"{tmp_path}/"), label) for path, label in source.read("train")]
    assert found == [("train/no/1.wav", "no"), ("train/yes/1.wav", "yes"), ("train/no/clip", "no")]
    assert {path.name for path in source.files("train")} == {"no", "yes", "clip"}
