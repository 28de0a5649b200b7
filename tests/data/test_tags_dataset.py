"""The data set `tags`: made again exactly, without leaks, and with tags that fit."""

import json

import pytest

from kerasseq.shipped import shipped_folder
from kerasseq.tag_schemes import convert
from tests.data.test_datasets import SPLITS, _script

SIZES = dict(zip(SPLITS, (4_000, 500, 1_000), strict=True))


def _lines(split):
    return (shipped_folder("datasets") / "tags" / f"{split}.jsonl").read_text("utf-8").splitlines()


def test_the_script_makes_the_files_again(tmp_path):
    _script("tags").make(tmp_path)
    for split in SPLITS:
        assert (tmp_path / f"{split}.jsonl").read_text("utf-8").splitlines() == _lines(split)


def test_a_sentence_stands_once():
    seen = set()
    for split, size in SIZES.items():
        sentences = {tuple(json.loads(line)["tokens"]) for line in _lines(split)}
        assert len(sentences) == size and not sentences & seen
        seen |= sentences


@pytest.mark.parametrize("split", SPLITS)
def test_each_word_has_its_tags(split):
    for line in _lines(split):
        example = json.loads(line)
        assert len(example["tokens"]) == len(example["parts"]) == len(example["entities"])
        assert convert(example["entities"], "iob2") == example["entities"]


def test_the_same_name_is_of_several_types():
    kinds = {}
    for line in _lines("train"):
        example = json.loads(line)
        for word, part, tag in zip(*(example[key] for key in ("tokens", "parts", "entities")), strict=True):
            if part == "PROPN":
                kinds.setdefault(word, set()).add(tag)
    assert sum(len(found) > 1 for found in kinds.values()) > len(kinds) / 3
