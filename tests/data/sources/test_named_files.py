import pytest

from kerasseq.data.sources.named_files import NamedFiles
from kerasseq.errors import DataError
from tests.data.recordings import tone, write_wav

NAMES = ["0_ann_0", "0_ann_7", "1_ann_0", "1_bob_12", "1_bob_5"]


@pytest.fixture
def top(tmp_path):
    for name in NAMES:
        write_wav(tmp_path / "set" / f"{name}.wav", tone(300))
    (tmp_path / "set" / ".hidden.wav").touch()
    return tmp_path


def source(top, **options):
    given = {"train": "set/*.wav", "test": "set/*_[0-4].wav", "validation": "set/*_7.wav", "folders": [top]}
    made = NamedFiles(**{**given, **options})
    made.media = ("input",)
    return made


def read(made, split):
    return [(path.rpartition("/")[2], label) for path, label in made.read(split)]


def test_the_label_is_in_the_name_and_the_splits_are_patterns(top):
    made = source(top)
    assert read(made, "test") == [("0_ann_0.wav", "0"), ("1_ann_0.wav", "1")]
    assert read(made, "validation") == [("0_ann_7.wav", "0")]
    assert read(made, "train") == [("1_bob_12.wav", "1"), ("1_bob_5.wav", "1")]
    assert made.files("train") == made.files("test") == [top / "set"]
    assert len({str(made.options(split)) for split in made.splits}) == 3


def test_a_share_is_held_out_by_name_wherever_the_files_lie(top):
    for number in range(100):
        write_wav(top / "set" / f"2_eve_{number + 20}.wav", tone(300))
    made = source(top, validation=None, validation_share=0.3, test=None)
    train, validation = read(made, "train"), read(made, "validation")
    assert not set(train) & set(validation) and len(train) + len(validation) == 105
    assert 15 < len(validation) < 45
    (top / "set").rename(top / "moved")
    assert (
        read(source(top, train="moved/*.wav", validation=None, validation_share=0.3, test=None), "train")
        == train
    )


def test_labels_stand_where_the_name_says(top):
    made = source(top, name="{digit}_{label}_{take}", test=None)
    assert {label for _, label in read(made, "train")} == {"ann", "bob"}
    assert {label for _, label in read(source(top, name="*_*_{label}", test=None), "train")} == {
        "0",
        "12",
        "5",
    }


def test_folders_at_any_depth_are_searched(top):
    write_wav(top / "set" / "deep" / "er" / "3_x.wav", tone(300))
    assert ("3_x.wav", "3") in read(source(top, train="set/**/*.wav"), "train")


def test_texts_are_read_where_the_input_is_no_medium(tmp_path):
    (tmp_path / "good_1.txt").write_text("fine\nfilm\n")
    (tmp_path / "bad_1.txt").write_bytes(b"\xff")
    made = NamedFiles(train="*.txt", validation="*.txt", folders=[tmp_path], on_bad_line="skip")
    assert list(made.read("validation")) == [("fine\nfilm", "good")]
    assert [row.problem for row in made.rows("validation")] == ["byte 0xff at column 1 is not utf-8", ""]


def test_a_name_without_a_label_is_told(top):
    write_wav(top / "set" / "what.wav", tone(300))
    with pytest.raises(DataError, match=r"what\.wav: the name 'what' is not like \{label\}_\*"):
        list(source(top).read("train"))


def test_what_is_not_there_is_told(top):
    with pytest.raises(DataError, match=r"set: `data.source.train` matches no file: set/\*.mp3"):
        list(source(top, train="set/*.mp3").read("train"))
    with pytest.raises(DataError, match="`data.source.test` is not there: nowhere"):
        list(source(top, test="nowhere/*.wav").read("train"))
    with pytest.raises(ValueError, match=r"`name` must have \{label\} where the label stands"):
        source(top, name="{digit}_*")
