"""A hidden Markov model of tags and words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kerasseq.registry import register

ANSWERS = ("tags",)


@register("baseline")
class HMM:
    """NLTK's hidden Markov model: bigrams of tags, and words by their tag, each smoothed by Witten and Bell.

    That smoothing gives a word which training never saw a share by how many different words a tag has, so
    that it is rather a name than a determiner.

    Call arguments:
        inputs: The training split's sentences, with tabs between words.
        references: Their tags, with tabs between, in the same order.
        questions: The sentences to tag.
    Returns:
        For each question its likeliest tags, with tabs between.
    Reference:
        Rabiner 1989, https://doi.org/10.1109/5.18626; Witten and Bell 1991, method C,
        https://doi.org/10.1109/18.87000
    """

    def __call__(self, inputs: list[str], references: list[str], questions: list[str]) -> list[str]:
        from nltk.probability import WittenBellProbDist
        from nltk.tag.hmm import HiddenMarkovModelTrainer

        sentences = [
            list(zip(words.split("\t"), tags.split("\t"), strict=True))
            for words, tags in zip(inputs, references, strict=True)
        ]
        asked = [text.split("\t") for text in questions]
        symbols = {word for sentence in sentences for word, _ in sentence}.union(*asked)
        tags = sorted({tag for sentence in sentences for _, tag in sentence})
        trainer = HiddenMarkovModelTrainer(tags, sorted(symbols))

        def smoothed(counts: Any, bins: int) -> Any:
            # One more than there are, for a tag that was seen with every one of them.
            return WittenBellProbDist(counts, bins + 1)

        model = trainer.train_supervised(sentences, estimator=smoothed)
        return list(_answers(model, asked))


def _answers(model: Any, asked: list[list[str]]) -> Iterator[str]:
    for words in asked:
        yield "\t".join(model.best_path(words))
