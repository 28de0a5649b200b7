"""Baselines on the same examples, by the same metrics."""

from __future__ import annotations

from typing import Any

from kerasseq.registry import create


class NotMeasured(Exception):
    """Why a baseline is left out, such as that it would take too long."""


def values_of(metric: Any, answers: list[dict[str, Any]], references: list[list[Any]]) -> dict[str, float]:
    """What a metric says of whole answers, or of their predictions alone."""
    if getattr(metric, "from_answers", False):
        return metric(answers, references)
    return metric([answer["prediction"] for answer in answers], references)


def right_answers(split: Any, references: list[Any]) -> list[list[Any]]:
    """For each of a task's `questions` its right answers: already a list where examples are grouped."""
    return references if split.is_grouped else [[reference] for reference in references]


def measure_baselines(
    baselines: list[Any], *, task: Any, training: Any, split: Any, metrics: list[Any]
) -> dict[str, dict[str, Any]]:
    """For each baseline its values of the metrics that need no more than its answers, or why there are none.

    A metric of whole answers is one of them if all that it `needs` is the `prediction`. A baseline that
    `measures_splits` gives no answers, but the task's figures. One whose `media` lack the task's is left out.

    Args:
        baselines: From a recipe: each a word, or a mapping with `type`.
        task: The model's task, which says what is asked.
        training: The split to learn from.
        split: The split to answer.
        metrics: From `make_metrics`.
    """
    found: dict[str, dict[str, Any]] = {}
    for baseline in baselines:
        name = baseline["type"] if isinstance(baseline, dict) else baseline
        try:
            made = create("baseline", baseline)
            if not _reads(made, task):
                continue
            if getattr(made, "measures_splits", False):
                found[name] = made(task=task, training=training, split=split)
            else:
                found[name] = _answered(made, task, training, split, metrics)
        except (ImportError, NotMeasured) as reason:
            found[name] = {"missing": str(reason)}
    return found


def _reads(baseline: Any, task: Any) -> bool:
    """Whether a baseline can read what a task's inputs are; one that does not say reads all."""
    media = getattr(baseline, "media", None)
    return media is None or getattr(task, "medium", "text") in media


def _answered(baseline: Any, task: Any, training: Any, split: Any, metrics: list[Any]) -> dict[str, float]:
    """The values of a baseline's answers."""
    (inputs, references), (questions, expected) = task.questions(training), task.questions(split)
    answers = [{"prediction": answer} for answer in baseline(inputs, references, questions)]
    right, found = right_answers(split, expected), {}
    for metric in filter(_can_measure, metrics):
        found.update(values_of(metric, answers, right))
    return found


def _can_measure(metric: Any) -> bool:
    return not getattr(metric, "from_answers", False) or getattr(metric, "needs", ()) == ("prediction",)
