"""Makes train.tsv, validation.tsv and test.tsv: made-up words, and how they sound by rules like English ones.

    python make.py [FOLDER]

What a letter sounds like depends on its neighbours, some of them far away: a silent e at the end makes a
vowel long, `c` and `g` are soft before e, i and y, `gh` makes an i before it long and is silent, and two
letters may be one sound. A word stands in one of the three files only.
"""

import random
import sys
from pathlib import Path

SIZES = {"train": 8_000, "validation": 500, "test": 1_000}
SEED = 1066

STARTS = [
    "b",
    "bl",
    "c",
    "ch",
    "cl",
    "d",
    "f",
    "g",
    "gr",
    "h",
    "j",
    "k",
    "kn",
    "l",
    "m",
    "n",
    "p",
    "ph",
    "pl",
]
STARTS += ["qu", "r", "s", "sc", "sh", "st", "t", "th", "tr", "v", "w", "wh", "wr", "z"]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "ee", "oa", "oo", "ou", "igh", "y"]
MIDDLES = [
    "b",
    "bb",
    "c",
    "ck",
    "d",
    "dd",
    "g",
    "gg",
    "l",
    "ll",
    "m",
    "n",
    "ng",
    "p",
    "pp",
    "r",
    "s",
    "ss",
    "t",
    "tt",
    "x",
]
ENDS = [
    "",
    "b",
    "ck",
    "ct",
    "d",
    "g",
    "l",
    "ll",
    "m",
    "mb",
    "n",
    "nd",
    "ng",
    "p",
    "sh",
    "ss",
    "st",
    "t",
    "tch",
    "th",
]
SHORT = {"a": "AE", "e": "EH", "i": "IH", "o": "AA", "u": "AH", "y": "IH"}
LONG = {"a": "EY", "e": "IY", "i": "AY", "o": "OW", "u": "UW", "y": "AY"}
GROUPS = {
    "igh": ["AY"], "tch": ["CH"], "ai": ["EY"], "ea": ["IY"], "ee": ["IY"], "oa": ["OW"], "oo": ["UW"],
    "ou": ["AW"], "ch": ["CH"], "ck": ["K"], "gh": [], "ng": ["NG"], "ph": ["F"], "qu": ["K", "W"],
    "sh": ["SH"], "th": ["TH"], "wh": ["W"], "x": ["K", "S"], "j": ["JH"], "h": ["HH"],
}  # fmt: skip
AT_THE_START = {"kn": ["N"], "wr": ["R"], "x": ["Z"]}
AT_THE_END = {"mb": ["M"], "y": ["IY"]}
SOFT = {"c": "S", "g": "JH"}
SOFTENERS = "eiy"


def sounds(word):
    """The sounds of a word, from left to right."""
    found, place = [], 0
    is_long = len(word) > 3 and word[-1] == "e" and word[-2] not in "aeiouy" and word[-3] in SHORT
    end = len(word) - 1 if is_long else len(word)
    long_vowel = len(word) - 3 if is_long else None
    while place < end:
        group = _group(word, place, end)
        if group is not None:
            letters, said = group
        elif word[place] in SHORT:
            letters, said = word[place], [(LONG if place == long_vowel else SHORT)[word[place]]]
        else:
            letters, said = _consonant(word, place)
        found += said
        place += len(letters)
    return found


def _group(word, place, end):
    """Letters that are one sound together, and that sound."""
    if place == 0:
        for letters, said in AT_THE_START.items():
            if word.startswith(letters):
                return letters, said
    for letters, said in AT_THE_END.items():
        if word[place:] == letters and place:
            return letters, said
    for letters, said in GROUPS.items():
        if word.startswith(letters, place) and place + len(letters) <= end:
            return letters, said
    return None


def _consonant(word, place):
    letter = word[place]
    letters = letter * 2 if word.startswith(letter * 2, place) else letter
    after = word[place + len(letters) : place + len(letters) + 1]
    if letter in SOFT and after and after in SOFTENERS and len(letters) == 1:
        return letters, [SOFT[letter]]
    return letters, ["K" if letter == "c" else letter.upper()]


def draw(rng):
    """A word of one to three syllables."""
    parts = [rng.choice(STARTS), rng.choice(VOWELS)]
    for _ in range(rng.choices([0, 1, 2], weights=[2, 5, 2])[0]):
        parts += [rng.choice(MIDDLES), rng.choice(VOWELS)]
    parts.append(rng.choice(ENDS))
    return "".join(parts) + ("e" if rng.random() < 0.25 else "")


def make(folder):
    """Writes the three files."""
    rng, words = random.Random(SEED), {}
    while len(words) < sum(SIZES.values()):
        word = draw(rng)
        words.setdefault(word, " ".join(sounds(word)))
    lines = [f"{word}\t{said}\n" for word, said in words.items()]
    for split, size in SIZES.items():
        Path(folder, f"{split}.tsv").write_text("".join(lines[:size]), encoding="utf-8", newline="\n")
        del lines[:size]


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
