"""Baselines on the same examples, by the same metrics."""

from __future__ import annotations

from typing import Any

from kerasseq.registry import create


def measure_baselines(
    baselines: list[Any], *, task: Any, training: Any, split: Any, metrics: list[Any]
) -> dict[str, dict[str, Any]]:
    """For each baseline its values of the metrics that need no more than answers, or why there are none.

    Args:
        baselines: From a recipe: each a word, or a mapping with `type`.
        task: The model's task, which says what is asked.
        training: The split to learn from.
        split: The split to answer.
        metrics: From `make_metrics`.
    """
    (inputs, references), (questions, expected) = task.questions(training), task.questions(split)
    found: dict[str, dict[str, Any]] = {}
    for baseline in baselines:
        name = baseline["type"] if isinstance(baseline, dict) else baseline
        try:
            answers = create("baseline", baseline)(inputs, references, questions)
        except ImportError as error:
            found[name] = {"missing": str(error)}
            continue
        found[name] = {}
        for metric in metrics:
            if not getattr(metric, "from_answers", False):
                found[name].update(metric(answers, [[reference] for reference in expected]))
    return found
