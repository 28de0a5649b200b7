from pathlib import Path

import pytest

from kerasseq.data.sources.transcript_tree import TranscriptTree
from kerasseq.errors import DataError
from kerasseq.registry import load

SAID = {"84/121/84-121": ["GO", "DO YOU KNOW"], "84/122/84-122": ["NO"], "85/1/85-1": ["YES"]}


@pytest.fixture
def tree(tmp_path):
    """Four recordings of two speakers, in LibriSpeech's layout."""
    for name, texts in SAID.items():
        file = tmp_path / "dev-clean" / f"{name}.trans.txt"
        file.parent.mkdir(parents=True)
        file.write_text("".join(f"{file.name[:-10]}-{at:04d} {text}\n" for at, text in enumerate(texts)))
        for at in range(len(texts)):
            (tmp_path / "dev-clean" / f"{name}-{at:04d}.wav").write_bytes(b"")
    return tmp_path


def source(tree, **options):
    return TranscriptTree(**{"train": "dev-clean", "validation": "dev-clean", **options}, folders=[tree])


def test_each_line_is_a_recording_and_its_text(tree):
    assert load("source", "transcript_tree") is TranscriptTree
    expected = [
        (str(tree / "dev-clean" / f"{name}-{at:04d}.wav"), text)
        for name, texts in SAID.items()
        for at, text in enumerate(texts)
    ]
    assert list(source(tree).read("train")) == expected
    assert (
        list(source(tree, train=["dev-clean/85", "dev-clean/84"]).read("train"))
        == expected[3:] + expected[:3]
    )
    assert source(tree).files("train") == [(tree / "dev-clean" / name).parent for name in SAID]


def test_flac_files_are_recordings_too(tree):
    path = tree / "dev-clean/84/121/84-121-0001.wav"
    path.rename(path.with_suffix(".flac"))
    found = [Path(audio).name for audio, _ in source(tree).read("train")]
    assert "84-121-0001.flac" in found and "84-121-0000.wav" in found


def test_what_is_missing_is_named(tree):
    (tree / "dev-clean/85/1/85-1-0000.wav").unlink()
    with pytest.raises(
        DataError,
        match="85-1.trans.txt:1: there is no recording .*85-1-0000.wav, nor one that ends in .flac or .ogg",
    ):
        list(source(tree).read("train"))
    (tree / "dev-clean/84/121/84-121.trans.txt").write_text("84-121-0000\n")
    with pytest.raises(DataError, match="expected the name of a recording and a text"):
        list(source(tree).read("train"))
    (tree / "empty").mkdir()
    with pytest.raises(DataError, match=r"there is no \*.trans.txt in or below it"):
        list(source(tree, train="empty").read("train"))


def test_a_share_is_held_out_by_the_recordings_names(tree):
    parted = source(tree, validation=None, validation_share=0.5)
    both = [text for split in ("train", "validation") for _, text in parted.read(split)]
    assert sorted(both) == sorted(text for texts in SAID.values() for text in texts)
