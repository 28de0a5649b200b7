"""Makes train.tsv, validation.tsv and test.tsv: numbers in English words, and the same numbers in digits.

    python make.py [FOLDER]

Numbers are whole and below one million. A number stands in one of the three files only; training holds every
number below one hundred, so that no word is new in the other two.
"""

import random
import sys
from pathlib import Path

SIZES = {"train": 10_000, "validation": 500, "test": 1_000}
SEED = 1000
WORDS = """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen
sixteen seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety"""
SMALL, TENS = WORDS.split()[:20], WORDS.split()[20:]


def below_hundred(number, hyphen):
    """`forty-two`, or `forty two` where the hyphen is a space."""
    if number < 20:
        return SMALL[number]
    tens, ones = divmod(number, 10)
    return TENS[tens - 2] + (hyphen + SMALL[ones] if ones else "")


def below_thousand(number, hyphen, link, one):
    """`two hundred and six`, or `two hundred six` where the link is a space; `one` may be `a`."""
    hundreds, rest = divmod(number, 100)
    if not hundreds:
        return below_hundred(rest, hyphen)
    text = f"{one if hundreds == 1 else SMALL[hundreds]} hundred"
    return text + (link + below_hundred(rest, hyphen) if rest else "")


def in_words(number, *, british=True, hyphen="-", one="one"):
    """A number below one million in words.

    Args:
        number: From 0.
        british: Whether `and` stands before the tens and ones.
        hyphen: What stands between tens and ones.
        one: `a` in `a hundred` and `a thousand`; `one` is always right.
    """
    link = " and " if british else " "
    thousands, rest = divmod(number, 1000)
    if not thousands:
        return below_thousand(rest, hyphen, link, one)
    start = "a" if thousands == 1 and one == "a" else below_thousand(thousands, hyphen, link, one)
    if not rest:
        return f"{start} thousand"
    return f"{start} thousand{link if rest < 100 else ' '}{below_thousand(rest, hyphen, link, 'one')}"


def draw(number, rng):
    """The number in one of the ways that people write it."""
    hyphen = rng.choices(["-", " "], weights=[3, 1])[0]
    one = rng.choices(["one", "a"], weights=[3, 1])[0]
    return in_words(number, british=rng.random() < 0.5, hyphen=hyphen, one=one)


def make(folder):
    """Writes the three files."""
    rng = random.Random(SEED)
    numbers = set(range(100))
    total = sum(SIZES.values())
    while len(numbers) < total:
        numbers.add(rng.randrange(10 ** rng.randint(3, 6)))  # as many short numbers as there are long ones
    small, large = sorted(numbers)[:100], sorted(numbers)[100:]
    rng.shuffle(large)
    parts = {"test": large[:1000], "validation": large[1000:1500], "train": large[1500:] + small}
    for split, part in parts.items():
        rng.shuffle(part)
        text = "".join(f"{draw(number, rng)}\t{number}\n" for number in part)
        Path(folder, f"{split}.tsv").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
