"""The headlines that ship: names are new everywhere, and the headline is not in the first sentence."""

import collections
import importlib.util
import json
import random
import re

import pytest

from kerasseq.shipped import shipped_folder

SIZES = {"train": 3_000, "validation": 300, "test": 500}


def script(name):
    path = shipped_folder("datasets") / name / "make.py"
    specification = importlib.util.spec_from_file_location(f"make_{name}", path)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def _articles(split):
    lines = (shipped_folder("datasets") / "headlines" / f"{split}.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in lines]


def test_the_script_makes_the_files_again(tmp_path):
    script("headlines").make(tmp_path)
    for split in SIZES:
        shipped = shipped_folder("datasets") / "headlines" / f"{split}.jsonl"
        assert (tmp_path / shipped.name).read_bytes() == shipped.read_bytes()
        assert len(_articles(split)) == SIZES[split]


def test_a_name_of_a_headline_stands_in_one_article_of_one_split():
    articles = [one for split in SIZES for one in _articles(split)]
    counts = collections.Counter(
        word for one in articles for word in set(re.findall(r"\w+", " ".join(one["article"])))
    )
    names = [word for one in articles for word in re.findall(r"\b[A-Z]\w+", one["headline"])]
    assert len(names) > len(articles) and {counts[name] for name in names} == {1}


def test_a_lead_does_not_say_what_happened():
    articles = _articles("test")
    assert all(len(one["article"]) == 5 for one in articles)
    said = [set(re.findall(r"\w+", one["article"][0])) for one in articles]
    shares = [
        len(words & set(one["headline"].split())) / len(one["headline"].split())
        for words, one in zip(said, articles, strict=True)
    ]
    assert sum(shares) / len(shares) < 0.15


@pytest.mark.parametrize("seed", range(20))
def test_the_winner_is_who_was_not_beaten(seed):
    body, headline, _ = script("headlines").race(random.Random(seed))
    winner, loser = re.findall(r"\{([ab])\}", headline)
    assert {winner, loser} == {"a", "b"}
    end = body[-1]
    if "went past" in end or "made none" in end:
        assert winner == "b"
    elif "give up" in end or "too slow" in end:
        assert f"{{{loser}}}" in end
    else:
        assert winner == "a"
