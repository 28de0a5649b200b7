"""The tag that a word has most often."""

from __future__ import annotations

from collections import Counter, defaultdict

from kerasseq.registry import register

ANSWERS = ("tags",)


@register("baseline")
class MostFrequentTag:
    """Gives each word the tag that it has most often in training, a new word that of words seen once there.

    Call arguments:
        inputs: The training split's sentences, with tabs between words.
        references: Their tags, with tabs between, in the same order.
        questions: The sentences to tag.
    Returns:
        For each question its tags, with tabs between.
    """

    def __call__(self, inputs: list[str], references: list[str], questions: list[str]) -> list[str]:
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for sentence, tags in zip(inputs, references, strict=True):
            for word, tag in zip(sentence.split("\t"), tags.split("\t"), strict=True):
                counts[word][tag] += 1
        once = Counter(next(iter(tags)) for tags in counts.values() if tags.total() == 1)
        every = sum(counts.values(), Counter())
        unknown = _most_frequent(once or every)
        known = {word: _most_frequent(tags) for word, tags in counts.items()}
        return ["\t".join(known.get(word, unknown) for word in text.split("\t")) for text in questions]


def _most_frequent(counts: Counter[str]) -> str:
    """Of several the first by name."""
    return min(counts.items(), key=lambda pair: (-pair[1], pair[0]))[0]
