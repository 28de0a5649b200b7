"""The data sets that ship: made again exactly, and without leaks."""

import datetime
import importlib.util
import itertools
import random
import re

import pytest

from kerasseq.shipped import shipped_folder

SIZES = {"dates": (15_000, 1_000, 1_000), "numbers": (10_000, 500, 1_000)}
VERSES = {"train": 2_400, "validation": 150, "test": 150}
SPLITS = ("train", "validation", "test")


def _script(name):
    path = shipped_folder("datasets") / name / "make.py"
    specification = importlib.util.spec_from_file_location(f"make_{name}", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _pairs(name, split):
    lines = (shipped_folder("datasets") / name / f"{split}.tsv").read_text("utf-8").splitlines()
    return [tuple(line.split("\t")) for line in lines]


def _verses(split):
    text = (shipped_folder("datasets") / "verses" / f"{split}.txt").read_text("utf-8")
    return [verse.splitlines() for verse in text.split("\n\n")]


@pytest.mark.parametrize("name", [*SIZES, "reviews", "verses"])
def test_the_script_makes_the_files_again(name, tmp_path):
    _script(name).make(tmp_path)
    for split in SPLITS:
        file = f"{split}.txt" if name == "verses" else f"{split}.tsv"
        assert (tmp_path / file).read_bytes() == (shipped_folder("datasets") / name / file).read_bytes()


def test_no_line_of_a_verse_stands_in_two_splits():
    lines = {split: {line for verse in _verses(split) for line in verse} for split in SPLITS}
    for one, other in itertools.combinations(SPLITS, 2):
        assert not lines[one] & lines[other]


@pytest.mark.parametrize("split", SPLITS)
def test_verses_rhyme_and_agree(split):
    make = _script("verses")
    sounds = {
        word: sound for sound, ends in make.RHYMES.items() for word in re.findall(r"(\w+)(?:[|;]|$)", ends)
    }
    verses = _verses(split)
    assert len(verses) == VERSES[split]
    assert len({tuple(verse) for verse in verses}) == len(verses)
    for verse in verses:
        assert len(verse) in (4, 6)
        ends = [sounds[re.findall(r"\w+", line)[-1]] for line in verse]
        assert ends[::2] == ends[1::2]
        text = "\n".join(verse)
        assert not re.search(r"\b(a [aeiou]|an [^aeiou])", text, re.IGNORECASE)
        assert not re.search(
            r"\b(they|(two|three|four|five|six) \w+ \w+ \w+) \w+[a-z]s\b", text, re.IGNORECASE
        )


def test_reviews_stand_once_and_what_counts_is_their_class():
    make, seen = _script("reviews"), set()
    assert len(make.GOOD) == len(make.BAD) == 32 and not set(make.GOOD) & set(make.BAD)
    for split, size in zip(SPLITS, (4_000, 500, 500), strict=True):
        pairs = _pairs("reviews", split)
        texts = {text for text, _ in pairs}
        assert len(texts) == len(pairs) == size and not texts & seen
        assert {label for _, label in pairs} == {"negative", "mixed", "positive"}
        seen |= texts


@pytest.mark.parametrize("label", ["positive", "negative"])
@pytest.mark.parametrize("share", [0, 1])
def test_a_review_of_one_thing_means_its_class(label, share, monkeypatch):
    make = _script("reviews")
    monkeypatch.setattr(make, "TURNED_SHARE", share)
    words = make.GOOD if (label == "positive") != bool(share) else make.BAD
    patterns = make.TURNED if share else make.STRAIGHT
    starts = [pattern.partition("{")[0] for pattern in patterns]
    rng = random.Random(0)
    for _ in range(50):
        text = make.statement(rng, "soup", label)
        assert set(text.replace(",", "").split()) & set(words)
        assert text.startswith(tuple(starts))


def test_hello_is_one_word():
    for split, number in (("train", 200), ("validation", 20)):
        path = shipped_folder("datasets") / "hello" / f"{split}.txt"
        assert path.read_text("utf-8") == "hello\n" * number


@pytest.mark.parametrize("name", SIZES)
def test_splits_share_neither_source_nor_target(name):
    for one, other in itertools.combinations(SPLITS, 2):
        for side in range(2):
            assert not {pair[side] for pair in _pairs(name, one)} & {
                pair[side] for pair in _pairs(name, other)
            }


@pytest.mark.parametrize("name", SIZES)
def test_sizes_and_form(name):
    for split, size in zip(SPLITS, SIZES[name], strict=True):
        pairs = _pairs(name, split)
        assert len(pairs) == size
        assert len({source for source, _ in pairs}) == size
        assert all(len(pair) == 2 and all(text == text.strip() and text for text in pair) for pair in pairs)
    assert sum(path.stat().st_size for path in (shipped_folder("datasets") / name).iterdir()) < 1_000_000


def test_no_way_of_writing_a_date_means_another_date_as_well():
    make = _script("dates")
    meant = {}
    for days in range(0, 36_525, 5):
        date = make.FIRST + datetime.timedelta(days)
        ways = [
            make.write(date, pattern, language) for language in make.NAMED for pattern in make.NAMED[language]
        ]
        ways += [make.write(date, pattern) for pattern in make.NUMERIC]
        if date.day > 12 or date.day == date.month:
            ways += [make.write(date, pattern) for pattern in make.SLASHED]
        for text in ways:
            assert meant.setdefault(text.lower(), date) == date, text


def test_no_words_mean_two_numbers():
    in_words = _script("numbers").in_words
    meant = {}
    for number in [*range(3000), *range(3000, 1_000_000, 37)]:
        for british, hyphen, one in itertools.product([True, False], ["-", " "], ["one", "a"]):
            text = in_words(number, british=british, hyphen=hyphen, one=one)
            assert meant.setdefault(text, number) == number, text


@pytest.mark.parametrize(
    ("number", "options", "words"),
    [
        (0, {}, "zero"),
        (42, {"hyphen": " "}, "forty two"),
        (100, {"one": "a"}, "a hundred"),
        (1_001, {}, "one thousand and one"),
        (1_100, {"one": "a"}, "a thousand one hundred"),
        (12_345, {}, "twelve thousand three hundred and forty-five"),
        (999_999, {"british": False}, "nine hundred ninety-nine thousand nine hundred ninety-nine"),
    ],
)
def test_numbers_in_words(number, options, words):
    assert _script("numbers").in_words(number, **options) == words
