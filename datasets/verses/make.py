"""Makes train.txt, validation.txt and test.txt: small verses about animals, with rhyme, metre and agreement.

    python make.py [FOLDER]

A line has eight syllables, and lines rhyme in pairs. The verb and the pronoun go with the animal, `a` and
`an` with the word that follows, and a counting verse counts. A line stands in one of the three files only.
"""

import random
import sys
from pathlib import Path

SIZES = {"test": 150, "validation": 150, "train": 2_400}
SEED = 88

# One syllable each; where the plural has two, there is none here.
ANIMALS = {
    "she": """mouse/mice cat/cats hen/hens duck/ducks cow/cows wren/wrens owl/owls swan/swans bee/bees
        sheep/sheep""",
    "he": """dog/dogs goat/goats frog/frogs bear/bears mole/moles toad/toads crow/crows pig/pigs hare/hares
        deer/deer""",
}
MANNERS = "small big old young shy proud plump thin kind wise brave quick slow neat glad sad fine odd"
COLOURS = "brown grey black white red"
NUMBERS = ["one", "two", "three", "four", "five", "six"]

STAYING = "live/lives|sit/sits|hide/hides|play/plays|sleep/sleeps|stand/stands|sing/sings"
OWNING = """keep/keeps|find/finds|want/wants|sell/sells|draw/draws|paint/paints|hide/hides|buy/buys|\
bring/brings|seek/seeks|need/needs|like/likes|hold/holds"""
GOING = "sit/sits down|walk/walks out|rest/rests there|sing/sings there|hop/hops up|run/runs off"
TELLING = "tell/tells|ask/asks"
TIMES = "At dawn|At dusk|At noon|All day|All night|Each day|Each night|In spring|In May|In June|Some days"

# For each rhyme: places of three syllables, things of one, and things of six.
RHYMES = {
    "ill": "by the mill|on the hill|on the sill; quill|pill; a yellow daffodil|a basket full of dill",
    "ee": "by the sea|in the tree|on the quay; key|pea; a cup of nettle tea|a merry bumblebee",
    "ight": "out of sight|in the light; kite|light; a lantern for the night|a scarf of red and white",
    "ay": "by the bay|in the hay|far away; tray|sleigh; a bundle full of hay|a map to find the way",
    "oon": "near the dune|on the moon; spoon|tune; a picture of the moon|a whistle and a tune",
    "ow": "in the snow|down below|in a row; bow|hoe; a mitten for the snow|a seed that wants to grow",
    "ain": "in the lane|on the plain|in the rain; train|crane; a bag of golden grain|a roof against the rain",
    "y": "way up high|in the rye|near the sty; pie|tie; a ladder to the sky|a song of days gone by",
    "ed": "in the shed|by the bed; sled|bed; a loaf of barley bread|a ball of cotton thread",
    "air": "on the stair|at the fair; chair|pear; a comb to part the hair|a plum, a fig, a pear",
    "own": "in the town|near the town; crown|gown; a cushion stuffed with down|a bonnet, wide and brown",
    "ock": "on the rock|near the dock; clock|sock; a key without a lock|a pigeon and its flock",
    "ell": "in the dell|by the well; bell|shell; a secret none can tell|a nut without a shell",
    "ing": "by the spring|on the swing; ring|wing; a rolled-up ball of string|a robin that can sing",
}
FIRST = "little tiny heavy pretty lovely shiny dusty rusty broken handsome ugly empty"
SECOND = "silver golden wooden yellow purple orange velvet woollen crystal copper paper marble"
PUNCTUATION = [(",", "."), (",", "."), (",", "!"), (";", ".")]


def form(word, is_plural):
    """`live` or `lives`; what follows a blank stays as it is."""
    first, _, rest = word.partition(" ")
    bare, single = first.split("/")
    return (bare if is_plural else single) + (f" {rest}" if rest else "")


def article(words):
    """`an old grey cat`, `a small grey cat`."""
    return ("an " if words[0] in "aeiou" else "a ") + words


class Hero:
    """The animal, or the animals, of a verse."""

    def __init__(self, rng):
        self.is_plural = rng.random() < 0.35
        self.gender = rng.choice(list(ANIMALS))
        self.name = rng.choice(ANIMALS[self.gender].split())
        self.looks = f"{rng.choice(MANNERS.split())} {rng.choice(COLOURS.split())}"
        self.pronoun = "they" if self.is_plural else self.gender
        single, several = self.name.split("/")
        if self.is_plural:
            self.subject = f"{rng.choice([*NUMBERS[1:], 'some', 'the'])} {self.looks} {several}"
        else:
            self.subject = rng.choice([f"the {self.looks} {single}", article(f"{self.looks} {single}")])

    def does(self, verbs, rng):
        """One of the verbs, in the hero's number."""
        return form(rng.choice(verbs.split("|")), self.is_plural)


def places(rhyme):
    """Of three syllables each."""
    return RHYMES[rhyme].split("; ")[0].split("|")


def place(rhyme, rng):
    """One of them."""
    return rng.choice(places(rhyme))


def thing(rhyme, rng):
    """Six syllables."""
    _, short, long = RHYMES[rhyme].split("; ")
    if rng.random() < 0.2:
        return rng.choice(long.split("|"))
    return article(f"{rng.choice(FIRST.split())} {rng.choice(SECOND.split())} {rng.choice(short.split('|'))}")


def beginning(hero, rhyme, rng):
    """Where the hero is, and what it has."""
    return [
        f"{hero.subject} {hero.does(STAYING, rng)} {place(rhyme, rng)}",
        f"{rng.choice(['and', 'and', 'but', 'who'])} {hero.does(OWNING, rng)} {thing(rhyme, rng)}",
    ]


def later(hero, rhyme, rng):
    """What the hero does at some time."""
    return [
        f"{rng.choice(TIMES.split('|'))} {hero.pronoun} {hero.does(GOING, rng)} {place(rhyme, rng)}",
        f"and {hero.does(OWNING, rng)} {thing(rhyme, rng)}",
    ]


def talk(hero, rhyme, rng):
    """What the hero says to another animal."""
    other = rng.choice([name for names in ANIMALS.values() for name in names.split() if name != hero.name])
    wish = rng.choice(["I'd like", "Here is", "Bring me", "Where is"])
    mark = {"Bring me": "!", "Where is": "?"}.get(wish, ",")
    return [
        f'"{wish} {thing(rhyme, rng)}{mark}"',
        f"{hero.pronoun} {hero.does(TELLING, rng)} the {other.split('/')[0]} down {place(rhyme, rng)}",
    ]


def counting(rng):
    """Four lines that count animals of one kind."""
    hero, first = Hero(rng), rng.randrange(len(NUMBERS) - 3)
    single, several = hero.name.split("/")
    where = [there for rhyme in rng.sample(list(RHYMES), 2) for there in rng.sample(places(rhyme), 2)]
    lines = []
    for number, there in zip(NUMBERS[first : first + 4], where, strict=True):
        verb = form(rng.choice(STAYING.split("|")), number != "one")
        lines.append(f"{number} {hero.looks} {single if number == 'one' else several} {verb} {there}")
    return lines


def verse(rng):
    """A verse of four or six lines."""
    if rng.random() < 0.25:
        lines = counting(rng)
    else:
        hero = Hero(rng)
        parts = [beginning, *rng.choice([[later], [talk], [later, talk], [talk, later]])]
        rhymes = rng.sample(list(RHYMES), len(parts))
        lines = [line for part, rhyme in zip(parts, rhymes, strict=True) for line in part(hero, rhyme, rng)]
    for first in range(0, len(lines), 2):
        marks = rng.choice(PUNCTUATION)
        lines[first] += "" if lines[first].endswith('"') else marks[0]
        lines[first + 1] += marks[1]
        if not lines[first].startswith('"'):
            lines[first] = lines[first][0].upper() + lines[first][1:]
    return lines


def make(folder):
    """Writes the three files, verses apart by an empty line."""
    rng = random.Random(SEED)
    owners = {}
    for split, size in SIZES.items():
        verses = []
        while len(verses) < size:
            lines = verse(rng)
            if all(owners.get(line, split) == split for line in lines) and lines not in verses:
                owners.update(dict.fromkeys(lines, split))
                verses.append(lines)
        text = "\n\n".join("\n".join(lines) for lines in verses) + "\n"
        Path(folder, f"{split}.txt").write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
