"""The words and sounds that ship: the rules, and no word in two splits."""

import importlib.util

import pytest

from kerasseq.shipped import shipped_folder

FOLDER = shipped_folder("datasets") / "sounds"
SIZES = {"train": 8_000, "validation": 500, "test": 1_000}


@pytest.fixture(scope="module")
def script():
    specification = importlib.util.spec_from_file_location("make_sounds", FOLDER / "make.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_the_script_makes_the_files_again_and_no_word_stands_twice(script, tmp_path):
    script.make(tmp_path)
    words = []
    for split, size in SIZES.items():
        text = (FOLDER / f"{split}.tsv").read_text("utf-8")
        assert (tmp_path / f"{split}.tsv").read_text("utf-8") == text
        pairs = [line.split("\t") for line in text.splitlines()]
        assert len(pairs) == size and all(len(pair) == 2 for pair in pairs)
        words += [word for word, _ in pairs]
    assert len(set(words)) == len(words)


@pytest.mark.parametrize(
    ("word", "sounds"),
    [
        ("cat", "K AE T"),
        ("cit", "S IH T"),
        ("gyn", "JH IH N"),
        ("goggy", "G AA G IY"),
        ("hop", "HH AA P"),
        ("hope", "HH OW P"),
        ("knight", "N AY T"),
        ("wrack", "R AE K"),
        ("lamb", "L AE M"),
        ("phoax", "F OW K S"),
        ("queech", "K W IY CH"),
        ("thistch", "TH IH S CH"),
        ("bee", "B IY"),
    ],
)
def test_words_sound_by_their_rules(script, word, sounds):
    assert " ".join(script.sounds(word)) == sounds
