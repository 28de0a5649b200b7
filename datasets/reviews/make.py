"""Makes train.tsv, validation.tsv and test.tsv: short reviews, each for something, against it or in between.

    python make.py [FOLDER]

A grammar writes them, and a third of its statements say good things with bad words, or bad things with good
ones: which words stand in a review says little of what it means. Most of the words are rare. No review stands
in two files.
"""

import random
import sys
from pathlib import Path

SIZES = {"train": 4_000, "validation": 500, "test": 500}
SEED = 77
THINGS = {
    "film": ["plot", "acting", "soundtrack", "ending", "dialogue", "first half", "main role"],
    "restaurant": ["soup", "service", "dessert", "wine", "menu", "coffee", "fish"],
    "hotel": ["room", "breakfast", "view", "pool", "bed", "reception", "bar"],
    "book": ["story", "style", "heroine", "last chapter", "cover", "translation", "opening"],
}
ADJECTIVES = """
great good lovely wonderful pleasant charming superb delightful excellent brilliant fresh clever warm
splendid marvellous fine elegant graceful refined vivid witty generous radiant polished dazzling
sublime flawless exquisite heavenly magnificent enchanting luminous
bad dull awful terrible boring cold bland clumsy dreadful stale weak tedious annoying poor shabby
sloppy dreary grim lifeless tasteless careless crude murky soggy flimsy dismal tacky insipid
wretched abysmal ghastly grating
"""
GOOD, BAD = ADJECTIVES.split()[:32], ADJECTIVES.split()[32:]
TURNED_SHARE = 0.3
HOW = ["really", "quite", "very", "simply", "truly", "rather"]
STRAIGHT = [
    "the {thing} was {how} {word}",
    "the {thing} was {word}",
    "I found the {thing} {how} {word}",
    "the {thing} could not have been more {word}",
    "the {thing} was nothing if not {word}",
    "they told me the {thing} was {word}, and they were right",
    "not for a minute did I doubt that the {thing} was {word}",
]
TURNED = [
    "the {thing} was not {word} at all",
    "the {thing} was never {how} {word}",
    "nobody could call the {thing} {word}",
    "the {thing} was anything but {word}",
    "the {thing} was far from {word}",
    "they told me the {thing} was {word}, and they were wrong",
    "I would not say that the {thing} was {word}",
]
BOTH = ["{one}, and {other}", "{one}, while {other}", "{one}. {other}", "{one}; {other}"]
FIRST_COUNTS = ["{one}, although {other}", "{one}, even if {other}", "{one}, no matter that {other}"]
SECOND_COUNTS = [
    "{other}, but {one}",
    "although {other}, {one}",
    "even if {other}, {one}",
    "{other}. still, {one}",
]
EXPECTED = {"positive": "I expected to hate it, but {one}", "negative": "I expected to love it, but {one}"}
OPPOSITE = {"positive": "negative", "negative": "positive"}


def statement(rng, thing, side):
    """What is for or against a thing, in a word of the same side or of the other one, turned round."""
    is_turned = rng.random() < TURNED_SHARE
    words = GOOD if (side == "positive") != is_turned else BAD
    pattern = rng.choice(TURNED if is_turned else STRAIGHT)
    word = rng.choices(words, weights=[rank**-1.5 for rank in range(1, len(words) + 1)])[0]
    return pattern.format(thing=thing, word=word, how=rng.choice(HOW))


def review(rng, label):
    """A review of one or two things of a kind."""
    thing, another = rng.sample(THINGS[rng.choice(list(THINGS))], 2)
    side = rng.choice(list(OPPOSITE)) if label == "mixed" else label
    one = statement(rng, thing, side)
    if label == "mixed":
        pattern, other = rng.choice(BOTH), OPPOSITE[side]
    else:
        kind = rng.choices(["alone", "agreeing", "first", "second", "expected"], weights=[2, 3, 3, 3, 1])[0]
        pattern = {
            "alone": "{one}",
            "agreeing": rng.choice(BOTH),
            "first": rng.choice(FIRST_COUNTS),
            "second": rng.choice(SECOND_COUNTS),
            "expected": EXPECTED[side],
        }[kind]
        other = side if kind == "agreeing" else OPPOSITE[side]
    text = pattern.format(one=one, other=statement(rng, another, other))
    sentences = [sentence[0].upper() + sentence[1:] for sentence in text.split(". ")]
    return ". ".join(sentences) + rng.choice([".", ".", ".", "!"])


def make(folder):
    """Writes the three files."""
    rng = random.Random(SEED)
    found = {}
    while len(found) < sum(SIZES.values()):
        label = rng.choice(["negative", "mixed", "positive"])
        found.setdefault(review(rng, label), label)
    lines = [f"{text}\t{label}\n" for text, label in found.items()]
    for split, size in SIZES.items():
        Path(folder, f"{split}.tsv").write_text("".join(lines[:size]), encoding="utf-8", newline="\n")
        lines = lines[size:]


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
