import json
import shutil
from collections import Counter

import pytest

from kerasseq.data.sources.recordings import Recordings
from kerasseq.errors import DataError
from kerasseq.registry import load

FIELDS = {"audio": "wav_filename", "transcript": "transcript"}


@pytest.fixture
def corpus(tmp_path):
    """A table of three recordings, in two folders below it."""
    for name in ("clips/ann/yes.wav", "clips/ann/no.wav", "clips/bob/stop.wav"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(name.encode())
    table = tmp_path / "train.csv"
    table.write_text(
        "wav_filename,wav_filesize,transcript\n"
        'clips/ann/yes.wav,9,YES\nclips/ann/no.wav,9,"NO, NO"\nclips/bob/stop.wav,9,STOP\n'
    )
    return tmp_path


def source(corpus, **options):
    given = {"train": "train.csv", "validation": "train.csv", "columns": FIELDS, **options}
    return Recordings(**given, folders=[corpus])


def expected(corpus):
    said = {"clips/ann/yes.wav": "YES", "clips/ann/no.wav": "NO, NO", "clips/bob/stop.wav": "STOP"}
    return [(str(corpus / path), text) for path, text in said.items()]


def test_paths_start_where_the_table_lies(corpus):
    assert load("source", "recordings") is Recordings
    assert list(source(corpus).read("train")) == expected(corpus)


def test_json_lines_and_absolute_paths(corpus):
    rows = [{"audio_filepath": path, "duration": 1.5, "text": text} for path, text in expected(corpus)]
    (corpus / "elsewhere").mkdir()
    (corpus / "elsewhere/train.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    columns = {"audio": "audio_filepath", "transcript": "text"}
    found = source(corpus, train="elsewhere/train.jsonl", columns=columns)
    assert list(found.read("train")) == expected(corpus)


def test_columns_by_number_and_a_folder_of_its_own(corpus):
    (corpus / "lists").mkdir()
    (corpus / "lists/train.tsv").write_text("yes.wav\tYES\n")
    found = source(corpus, train="lists/train.tsv", columns=None, audio_folder="clips/ann")
    assert list(found.read("train")) == expected(corpus)[:1]


def test_the_folders_of_the_recordings_count_for_the_cache(corpus):
    folders = [corpus / "clips/ann", corpus / "clips/bob"]
    assert source(corpus).files("train") == [corpus / "train.csv", *folders]
    assert source(corpus).options("train")["type"] == "recordings"


def test_a_missing_recording_is_named_or_skipped(corpus):
    (corpus / "clips/ann/no.wav").unlink()
    with pytest.raises(DataError) as caught:
        list(source(corpus).read("train"))
    assert str(caught.value) == (
        f"{corpus}/train.csv:3: there is no recording {corpus}/clips/ann/no.wav\n"
        "  fix: correct the line, or set `data.source.on_bad_line: skip`"
    )
    skipped = []
    found = list(source(corpus, on_bad_line="skip").read("train", on_skip=skipped.append))
    assert len(found) == 2
    assert [row.place for row in skipped] == [f"{corpus}/train.csv:3"]


def test_an_empty_transcript_is_named(corpus):
    (corpus / "train.csv").write_text("wav_filename,transcript\nclips/ann/yes.wav, \n")
    with pytest.raises(DataError, match="train.csv:2: the transcript is empty"):
        list(source(corpus).read("train"))


def test_a_missing_folder_is_named(corpus):
    with pytest.raises(DataError, match="`data.source.audio_folder` is not there: nowhere"):
        list(source(corpus, audio_folder="nowhere").read("train"))


def test_where_the_data_lies_does_not_decide_what_is_held_out(corpus):
    rows = [f"clips/{who}/{count}.wav,{count}" for who in ("ann", "bob") for count in range(100)]
    for row in rows:
        (corpus / row.split(",")[0]).write_bytes(b"")
    (corpus / "train.csv").write_text("\n".join(["wav_filename,transcript", *rows]) + "\n")
    shutil.copytree(corpus, corpus / "copy")
    held_out = []
    for folder in (corpus, corpus / "copy"):
        split = source(folder, validation=None, validation_share=0.2).read("validation")
        held_out.append(Counter(path.removeprefix(f"{folder}/") for path, _ in split))
    assert held_out[0] == held_out[1]
    assert 20 <= len(held_out[0]) <= 60


def test_it_is_for_two_texts_an_example():
    with pytest.raises(DataError, match="`data.source` is 'recordings', which has 2 texts an example"):
        Recordings(train="a.csv", validation="b.csv", fields=("text",))
