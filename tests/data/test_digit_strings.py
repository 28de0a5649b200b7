"""The strings of digits that are made at first use: the same again, and as their README has them."""

import csv
import importlib.util

import numpy as np
import pytest

from kerasseq.data.wav import read_wav
from kerasseq.shipped import shipped_folder

FOLDER = shipped_folder("datasets") / "digit_strings"
FEW = {"train": 6, "validation": 2, "test": 3}


@pytest.fixture(scope="module")
def make():
    specification = importlib.util.spec_from_file_location("make_digit_strings", FOLDER / "make.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    module.SIZES = FEW
    return module


@pytest.fixture(scope="module")
def made(make, tmp_path_factory):
    folder = tmp_path_factory.mktemp("digits")
    make.make(folder)
    return folder


def rows(folder, split):
    with (folder / f"{split}.csv").open(encoding="utf-8", newline="") as file:
        return [(row["path"], row["transcript"]) for row in csv.DictReader(file)]


def test_the_script_makes_the_same_again(make, made, tmp_path):
    make.make(tmp_path)
    files = sorted(path.relative_to(made) for path in made.rglob("*") if path.is_file())
    assert len(files) == 3 + sum(FEW.values())
    assert all((tmp_path / file).read_bytes() == (made / file).read_bytes() for file in files)


def test_every_recording_is_there_and_says_two_to_five_digits(make, made):
    for split, size in FEW.items():
        found = rows(made, split)
        assert len(found) == size
        for path, text in found:
            samples = read_wav(made / path, sample_rate=make.RATE)
            assert 2 <= len(text.split()) <= 5
            assert set(text.split()) <= set(make.DIGITS)
            assert 0.15 < len(samples) / make.RATE / len(text.split()) < 1.0
            assert 0.2 < np.abs(samples).max() / 32768 < 0.9


def test_no_row_of_digits_is_in_two_splits(made):
    texts = [text for split in FEW for _, text in rows(made, split)]
    assert len(set(texts)) == len(texts)


def test_every_sound_of_a_digit_is_one(make):
    assert len(make.DIGITS) == 10
    assert {name for sounds in make.DIGITS.values() for name in sounds.split()} <= set(make.SOUNDS)
