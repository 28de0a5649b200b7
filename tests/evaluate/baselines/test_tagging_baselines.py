"""What a tagger has to beat: each word's most frequent tag, and a hidden Markov model."""

from kerasseq.evaluate.baselines.hmm import HMM
from kerasseq.evaluate.baselines.most_frequent_tag import MostFrequentTag
from kerasseq.registry import names

SENTENCES = [
    "the\tplay\tends",
    "they\tplay",
    "the\tplay\tends",
    "the\tdog\tsleeps",
    "they\tsleep",
    "cats\tsleep",
]
TAGS = ["DET\tNOUN\tVERB", "PRON\tVERB", "DET\tNOUN\tVERB", "DET\tNOUN\tVERB", "PRON\tVERB", "NOUN\tVERB"]


def test_each_word_has_its_most_frequent_tag():
    asked = ["they\tplay", "the\tzebra"]
    found = MostFrequentTag()(SENTENCES, TAGS, asked)
    assert found == ["PRON\tNOUN", "DET\tNOUN"]  # dog and cats were seen once, and sleeps


def test_without_words_seen_once_a_new_word_is_of_the_most_frequent_tag():
    assert MostFrequentTag()(["a\ta\tb\tb\tb"], ["X\tX\tY\tY\tY"], ["c"]) == ["Y"]


def test_a_hidden_markov_model_looks_at_the_tag_before():
    found = HMM()(SENTENCES, TAGS, ["they\tplay", "the\tplay\tsleeps", "the\tzebra\tends"])
    assert found == ["PRON\tVERB", "DET\tNOUN\tVERB", "DET\tNOUN\tVERB"]


def test_both_are_words_of_recipes():
    assert {"hmm", "most_frequent_tag"} <= set(names("baseline"))
