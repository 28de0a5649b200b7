"""Whether a model is right as often as it says it is."""

from __future__ import annotations

from typing import Any

from kerasseq.metrics.corpus import check_corpus
from kerasseq.registry import register
from kerasseq.specs import PositiveInt, check_arguments

ANSWERS = ("class",)


@register("metric")
class Calibration:
    """Expected calibration error: how far accuracy is from the probability that a model gives its answers.

    sum_b n_b / n |accuracy_b - mean probability_b|, over bins b of equal width; a bin holds its upper end.

    Args:
        num_bins: Bins between 0 and 1.
    Call arguments:
        answers: Each with a `prediction` and as `score` its probability, as a line of predictions.jsonl.
        references: For each answer one class or more.
    Attributes:
        details: Of the last call, `calibration`: for each bin that is not empty its `examples`, mean
            `probability` and `accuracy`.
    Returns:
        `calibration_error`, 0 to 1.
    Raises:
        ValueError: If `num_bins` is not positive, or answers and references do not match.
    Reference:
        Guo et al. 2017, equation 3, https://arxiv.org/abs/1706.04599
    """

    from_text = True
    from_answers = True

    def __init__(self, *, num_bins: PositiveInt = 15):
        check_arguments(Calibration.__init__, num_bins=num_bins)
        self.num_bins = num_bins
        self.signature: dict[str, str] = {}
        self.details: dict[str, Any] = {}

    def __call__(self, answers: list[dict[str, Any]], references: list[list[str]]) -> dict[str, float]:
        check_corpus([answer["prediction"] for answer in answers], references)
        bins: list[list[tuple[float, bool]]] = [[] for _ in range(self.num_bins)]
        for answer, several in zip(answers, references, strict=True):
            bins[self._bin(answer["score"])].append((answer["score"], answer["prediction"] in several))
        found = [_of_bin(one) for one in bins if one]
        gaps = [one["examples"] * abs(one["accuracy"] - one["probability"]) for one in found]
        self.details = {
            "calibration": [{name: round(value, 4) for name, value in one.items()} for one in found]
        }
        self.signature = {"calibration_error": f"ECE|bins:{self.num_bins}|probability of the prediction"}
        return {"calibration_error": sum(gaps) / len(answers)}

    def _bin(self, probability: float) -> int:
        ends = ((place + 1) / self.num_bins for place in range(self.num_bins - 1))
        return next((place for place, end in enumerate(ends) if probability <= end), self.num_bins - 1)


def _of_bin(pairs: list[tuple[float, bool]]) -> dict[str, float]:
    probability, accuracy = (sum(values) / len(pairs) for values in zip(*pairs, strict=True))
    return {"examples": len(pairs), "probability": probability, "accuracy": accuracy}
