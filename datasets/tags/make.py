"""Makes train.jsonl, validation.jsonl and test.jsonl: sentences with parts of speech and named entities.

    python make.py [FOLDER]

A grammar writes them. Its names are made of syllables and mostly rare, and the same name is now a person, now
a place, now a firm; some are words as well, and words are nouns here and verbs there. So neither a list of
words nor a capital tells what a word is, but its neighbours do. No sentence stands in two files.
"""

import itertools
import json
import random
import sys
from pathlib import Path

SIZES = {"train": 4_000, "validation": 500, "test": 1_000}
SEED = 2024
NUM_NAMES = 2_000
SHARES = list(itertools.accumulate(1 / (rank + 20) for rank in range(NUM_NAMES)))
WORDS = {
    "both": "dance book park play plant stamp train visit call change record light point test cook",
    "noun": "report garden bridge letter song harbour museum market river painter doctor neighbour kitchen",
    "adjective": "dark quiet famous light green late common cold tall small round secret",
    "adverb": "often never quietly again slowly still",
    "number": "two three seven twelve 15 40 300 1987",
    "title": "Mr Mrs Dr Professor Captain",
    "firm": "Apple Shell Gap Target Orange Dove Oracle Sprint",
    # Of these the first half are words too.
    "first": "Mark Rose Will May Bill Grace Frank Hope Jack Dean Victor Sandy "
    "Anna Peter Maria Omar Lena Ivan Chloe Tomas Yuki Elif Noor Sven",
    "start": "Ba Be Bro Ca Chel Cor Da Dun El Fal Gar Ha Jor Kin Lan Lin Mar Mor Nor Or Pen Ro San Tor Wes",
    "middle": "da le ri min ber ve",
    "end": "ton ford ville son field er a ex den land mond by ley wick stone us in ham",
}
POOL = {kind: words.split() for kind, words in WORDS.items()}
PARTS = {"noun": "NOUN", "verb": "VERB", "adjective": "ADJ", "adverb": "ADV", "number": "NUM"}
POOL |= {"verb": POOL["both"], "noun": POOL["both"] + POOL["noun"], "middle": ["", "", "", *POOL["middle"]]}

SENTENCES = """
    {person} works/VERB for/ADP {firm} in/ADP {place}
    {person} lives/VERB in/ADP {place} and/CCONJ {verb} the/DET {noun}
    {person} met/VERB {person} at/ADP the/DET {noun}
    {firm} will/AUX {verb} the/DET {noun} near/ADP {place}
    {firm} bought/VERB {firm} for/ADP {number} million/NUM
    {firm} and/CCONJ {firm} share/VERB a/DET {noun} in/ADP {place}
    {place} lies/VERB north/ADV of/ADP {place}
    {place} has/VERB {number} {noun}s and/CCONJ a/DET {adjective} {noun}
    will/AUX {person} {verb} the/DET {noun} to/ADP {place}
    may/AUX {person} {adverb} {verb} the/DET {noun}
    mark/VERB the/DET {noun} for/ADP {person}
    rose/NOUN and/CCONJ apple/NOUN grow/VERB in/ADP the/DET {adjective} {noun}
    hope/NOUN is/AUX a/DET {adjective} {noun}
    grace/NOUN and/CCONJ {noun} {adverb} go/VERB together/ADV
    shell/NOUN after/ADP shell/NOUN lay/VERB on/ADP the/DET {noun}
    the/DET target/NOUN of/ADP the/DET {noun} is/AUX the/DET gap/NOUN in/ADP the/DET {noun}
    the/DET {noun} of/ADP {place} {adverb} pleased/VERB {person}
    the/DET {adjective} {noun} is/AUX {adverb} {adjective}
    they/PRON {adverb} {verb} the/DET {adjective} {noun}
    they/PRON want/VERB to/PART {verb} {place}
    she/PRON told/VERB {firm} about/ADP the/DET {noun} of/ADP {person}
    she/PRON took/VERB the/DET {noun} from/ADP {place} to/ADP {place}
    a/DET {noun} of/ADP {firm} fell/VERB while/SCONJ {person} slept/VERB
    according/VERB to/ADP {firm} ,/PUNCT {person} left/VERB {place}
    according/VERB to/ADP {person} ,/PUNCT {firm} closed/VERB in/ADP {place}
    shares/NOUN of/ADP {firm} fell/VERB by/ADP {number} points/NOUN
    people/NOUN in/ADP {place} {verb} the/DET {noun}
    {person} ,/PUNCT who/PRON was/AUX born/VERB in/ADP {place} ,/PUNCT now/ADV runs/VERB {firm}
    {person} and/CCONJ {person} {verb} a/DET {noun}
    {firm} ,/PUNCT based/VERB in/ADP {place} ,/PUNCT sued/VERB {person}
    {name:person} sings/VERB and/CCONJ {name:person} cries/VERB
    from/ADP {name:place} it/PRON is/AUX {number} miles/NOUN to/ADP {name:place}
    {name:firm} makes/VERB {noun}s and/CCONJ {name:firm} sells/VERB them/PRON
""".strip().splitlines()


def make_names(rng):
    """Names that anything may bear, a few of them often and most of them rarely."""
    names = set()
    while len(names) < NUM_NAMES:
        names.add("".join(rng.choice(POOL[part]) for part in ("start", "middle", "end")))
    return rng.sample(sorted(names), len(names))


def name_of(rng, names):
    """A name; the first ones are frequent."""
    return rng.choices(names, cum_weights=SHARES)[0]


def entity(rng, names, kind):
    """The words of a name, with the part of speech of those that are no name themselves."""
    name = name_of(rng, names)
    first, title, noun, firm = (rng.choice(POOL[part]) for part in ("first", "title", "noun", "firm"))
    ways = {
        "person": [name, f"{first} {name}", f"{first} {name}", first, f"{title} {name}"],
        "place": [name, name, name, f"New {name}", f"Mount {name}", f"{name} Bay"],
        "firm": [
            name,
            name,
            f"{name} and/CCONJ Sons",
            f"Bank of/ADP {name}",
            firm,
            f"{noun.capitalize()} {name}",
        ],
    }
    return rng.choice(ways[kind]).split()


def words_of(rng, names, slot):
    """What stands for a slot of a sentence: words, each with its part of speech, and the type of entity."""
    kind, _, of = slot.rpartition(":")
    if kind == "name":
        return [f"{name_of(rng, names)}/PROPN"], of
    if slot in ("person", "place", "firm"):
        return [word if "/" in word else f"{word}/PROPN" for word in entity(rng, names, slot)], slot
    return [f"{rng.choice(POOL[slot])}/{PARTS[slot]}"], ""


def sentence(rng, names):
    """A sentence: its words, and for each its part of speech and its entity."""
    tokens, parts, entities = [], [], []
    for item in rng.choice(SENTENCES).split():
        slot, _, ending = item.removeprefix("{").partition("}")
        found, kind = words_of(rng, names, slot) if item.startswith("{") else ([item], "")
        for place, word in enumerate(found):
            text, _, part = word.partition("/")
            tokens.append(text + ending)
            parts.append(part)
            entities.append(f"{'I' if place else 'B'}-{kind.upper()}" if kind else "O")
    tokens[0] = tokens[0][0].upper() + tokens[0][1:]
    is_question = parts[0] == "AUX"
    return [*tokens, "?" if is_question else "."], [*parts, "PUNCT"], [*entities, "O"]


def make(folder):
    """Writes the three files."""
    rng = random.Random(SEED)
    names = make_names(rng)
    found = {}
    while len(found) < sum(SIZES.values()):
        tokens, parts, entities = sentence(rng, names)
        found.setdefault(" ".join(tokens), {"tokens": tokens, "parts": parts, "entities": entities})
    lines = [json.dumps(example) + "\n" for example in found.values()]
    for split, size in SIZES.items():
        Path(folder, f"{split}.jsonl").write_text("".join(lines[:size]), encoding="utf-8", newline="\n")
        lines = lines[size:]


if __name__ == "__main__":
    make(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parent)
