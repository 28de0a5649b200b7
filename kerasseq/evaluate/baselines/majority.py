"""The answer that is right most often."""

from __future__ import annotations

from collections import Counter

from kerasseq.registry import register

ANSWERS = ("class", "text")


@register("baseline")
class Majority:
    """Always gives the most frequent answer of the training split; of several the first by name.

    Call arguments:
        inputs: What was asked in training.
        references: What was right, in the same order: an answer or a list of them.
        questions: What is asked now.
    Returns:
        An answer to each question.
    """

    def __call__(
        self, inputs: list[str], references: list[str | list[str]], questions: list[str]
    ) -> list[str]:
        lists = (found if isinstance(found, list) else [found] for found in references)
        counts = Counter(answer for several in lists for answer in several)
        answer, _ = min(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return [answer] * len(questions)
