"""Makes train.jsonl, validation.jsonl and test.jsonl: short local news, and their headlines.

    python make.py [FOLDER]

An article is a list of sentences about one event; its headline says who did what, and how it ended. Which of
the names belongs there, and which way it ended, stands in the middle of the article, in many words; the first
sentence only sets the scene. Every name of a person, a place or a company is made up, and stands in one of
the three files only.
"""

import json
import random
import sys
from pathlib import Path

SIZES = {"train": 3_000, "validation": 300, "test": 500}
SEED = 1851

DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
OPENERS = [
    "It was a quiet {day} in {town}.",
    "{day} began with rain over {town}.",
    "People in {town} had waited for this {day} for weeks.",
    "On {day} the market square of {town} was full.",
    "The bells of {town} rang early on {day}.",
]
CLOSERS = [
    '"I have never seen anything like it," said {other}, who lives next door.',
    "{other}, a teacher, had watched everything from a window.",
    "The mayor, {other}, wants to talk to everyone on {next}.",
    "More will be known on {next}, said {other}.",
    "{other} came all the way from {far} to see it.",
]

SPORTS = ["rowing", "chess", "cycling", "running", "fencing", "swimming"]
RACES = [
    (["{a} was ahead of {b} almost to the end.", "Nobody doubted that {a} was better than {b}."],
     ["But in the last minute {b} went past.", "Then {a} made one mistake, and {b} made none."], "b"),
    (["{a} was ahead of {b} almost to the end.", "Nobody doubted that {a} was better than {b}."],
     ["And so it stayed until it was over.", "{b} tried everything, and came second."], "a"),
    (["{a} and {b} could not be told apart for an hour.", "First {a} was in front, then {b}."],
     ["At last {b} had to give up.", "In the end {b} was a little too slow."], "a"),
    (["{a} and {b} could not be told apart for an hour.", "First {a} was in front, then {b}."],
     ["At last {a} had to give up.", "In the end {a} was a little too slow."], "b"),
]  # fmt: skip
PLANS = ["bridge", "school", "pool", "library", "museum", "station", "theatre", "tunnel"]
VOTES = {
    "approves": [
        "After a long night more hands went up for it than against it.",
        "The doubts were many, but the votes against it were too few.",
        "In the end only {number} members wanted to stop it.",
    ],
    "rejects": [
        "After a long night more hands went up against it than for it.",
        "The friends of the plan were loud, but too few.",
        "In the end only {number} members wanted to go on with it.",
    ],
}
GOODS = ["shoes", "bicycles", "bread", "glass", "paint", "pianos", "lamps", "boats"]
JOBS = {
    "hires": [
        "There is so much to do that {number} people more are needed.",
        "Orders have doubled, and {number} new workers will start in spring.",
    ],
    "dismisses": [
        "Orders have halved, and {number} workers have to go in spring.",
        "There is so little to do that {number} people are too many.",
    ],
}
FORCES = ["storm", "fire", "flood", "lightning"]
PLACES = ["church", "mill", "bakery", "barn", "hotel", "farm"]
HURT = {
    "nobody hurt": ["Everyone had left in time.", "By luck the rooms were empty."],
    "two hurt": ["Two men were brought to hospital.", "A woman and her son broke an arm each."],
    "many hurt": ["The hospital has no bed left.", "Dozens were carried out."],
}
ANIMALS = ["dog", "cat", "parrot", "tortoise", "pony", "goat"]
ENDINGS = {
    "found": ["A child heard it behind a door.", "It sat in front of the house as if nothing had been."],
    "still missing": ["All the searching was for nothing.", "There is not a trace of it so far."],
}


def race(rng):
    """Who wins."""
    first, second, winner = rng.choice(RACES)
    sport = rng.choice(SPORTS)
    start = rng.choice(["{a} met {b} in the {sport} final.", "The {sport} final was between {a} and {b}."])
    body = [start, rng.choice(first), rng.choice(second)]
    headline = "{a} beats {b} in {sport} final" if winner == "a" else "{b} beats {a} in {sport} final"
    return body, headline, {"sport": sport}


def vote(rng):
    """Whether a plan is taken."""
    verdict = rng.choice(list(VOTES))
    start = rng.choice(
        ["The council had to decide about a new {plan}.", "{a} had asked the council for a new {plan}."]
    )
    extra = rng.choice(["It would cost {cost} thousand.", "{b} spoke for it, {c} against it."])
    body = [start, extra, rng.choice(VOTES[verdict])]
    return body, f"{{town}} {verdict} new {{plan}}", {"plan": rng.choice(PLANS)}


def jobs(rng):
    """Whether a company needs more people or fewer."""
    verb = rng.choice(list(JOBS))
    start = rng.choice(
        ["{firm} has made {goods} here since {year}.", "{a} is the head of {firm}, which makes {goods}."]
    )
    body = [start, rng.choice(["All of them know {b}.", "Times change, said {a}."]), rng.choice(JOBS[verb])]
    return body, f"{{firm}} {verb} {{number}} in {{town}}", {"goods": rng.choice(GOODS)}


def damage(rng):
    """What broke, and whether anyone was hurt."""
    hurt = rng.choice(list(HURT))
    start = rng.choice(
        [
            "In the night a {force} came down on the {place} of {a}.",
            "At noon the {place} of {a} met a {force}.",
        ]
    )
    extra = rng.choice(["{b} called for help at once.", "The roof is gone, and {number} windows with it."])
    body = [start, extra, rng.choice(HURT[hurt])]
    return (
        body,
        f"{{force}} hits {{place}} of {{a}}, {hurt}",
        {
            "force": rng.choice(FORCES),
            "place": rng.choice(PLACES),
        },
    )


def search(rng):
    """Whether an animal is back."""
    ending = rng.choice(list(ENDINGS))
    start = rng.choice(
        [
            "The {animal} of {a} ran away {number} days ago.",
            "For {number} days {a} has looked for a {animal}.",
        ]
    )
    extra = rng.choice(["{b} helped, and so did {c}.", "It answers to the name of {pet}."])
    body = [start, extra, rng.choice(ENDINGS[ending])]
    return body, f"{{animal}} of {{a}} {ending} after {{number}} days", {"animal": rng.choice(ANIMALS)}


STARTS = list("bdfghklmnprstvwz") + ["br", "gr", "kl", "st", "tr"]
ENDS = ["", "n", "r", "l", "s", "k"]
TOWNS, FIRMS = ["ham", "stad", "ville", "mouth", "burg"], ["co", "tec", "works"]
EVENTS = (race, vote, jobs, damage, search)


def name(rng, seen, ending=""):
    """A name of three syllables at the most that was not used before."""
    while True:
        syllables = [rng.choice(STARTS) + rng.choice("aeiou") for _ in range(2)]
        word = ("".join(syllables) + rng.choice(ENDS) + ending).capitalize()
        if word not in seen:
            seen.add(word)
            return word


def article(rng, seen):
    """The sentences of an article, and its headline."""
    values = {key: name(rng, seen) for key in ("a", "b", "c", "other", "pet")}
    values |= {key: name(rng, seen, ending=rng.choice(TOWNS)) for key in ("town", "far")}
    values["firm"] = name(rng, seen, ending=rng.choice(FIRMS))
    values |= {"day": rng.choice(DAYS), "next": rng.choice(DAYS)}
    values |= {"number": rng.randint(3, 400), "cost": rng.randint(20, 900), "year": rng.randint(1850, 1990)}
    body, headline, more = rng.choice(EVENTS)(rng)
    values |= more
    sentences = [rng.choice(OPENERS), *body, rng.choice(CLOSERS)]
    return [sentence.format(**values) for sentence in sentences], headline.format(**values)


def make(folder):
    """Writes the three files; a name stands in one article only."""
    rng, seen = random.Random(SEED), set()
    for split, size in SIZES.items():
        lines = []
        for _ in range(size):
            sentences, headline = article(rng, seen)
            lines.append(json.dumps({"article": sentences, "headline": headline}))
        Path(folder, f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
