"""Decoding a split, and measuring it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from keras import tree

from kerasseq.errors import KerasseqError
from kerasseq.evaluate.baseline import measure_baselines, right_answers, values_of
from kerasseq.models.side_by_side import side_by_side
from kerasseq.registry import create
from kerasseq.run_folder import RunFolder, write_json, write_text
from kerasseq.specs import Baseline, Metric, NonNegativeInt, Supplied
from kerasseq.workers.alone import Alone

NUM_DETAILS = 20


@dataclass
class Measurement:
    """What was found on one split.

    Args:
        values: Metrics by name.
        signature: How metrics that have conventions were computed.
        details: What metrics tell beside their values, such as a confusion matrix.
        predictions: For each example, in the file's order: input, reference, prediction, score.
        seconds: Spent decoding.
    """

    values: dict[str, float]
    signature: dict[str, str] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)
    predictions: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


def score_split(inference: Any, split: Any, workers: Alone | None = None) -> dict[str, float]:
    """The task's figures with the references as input; what state it has goes from batch to batch."""
    workers = workers or Alone()
    own: dict[str, float] = {}
    for found in _scores(inference, split, workers):
        for name, values in found.items():
            own[name] = own.get(name, 0.0) + float(np.sum(values, dtype=np.float64))
    sums: dict[str, float] = {}
    for part in workers.gathered(own):
        for name, value in part.items():
            sums[name] = sums.get(name, 0.0) + value
    return inference.task.figures(sums)


def _scores(inference: Any, split: Any, workers: Alone) -> Iterator[dict[str, Any]]:
    """What `task.score` finds in this worker's batches, or its rows of each, where they carry a state."""
    batches = split.batches(seed=0, epoch=0, training=False)
    if not inference.task.carries_state:
        yield from side_by_side(lambda batch: inference.score(batch)[0], workers.mine(batches))
        return
    state = None
    for batch in batches:
        if workers.count > 1:
            batch = tree.map_structure(lambda part: part[workers.index :: workers.count], batch)
            if not len(tree.flatten(batch)[0]):
                return  # fewer rows than workers, and so in each batch
        found, state = inference.score(batch, state)
        yield found


def measured_names(task: Any, metrics: list[Any]) -> list[str]:
    """The names of the figures that `measure` finds.

    Args:
        task: A task, or its class.
        metrics: From `make_metrics`.
    """
    names = [*task.measures]
    toy = {"prediction": "a", "score": 1.0}
    for metric in metrics:
        names += getattr(metric, "names", ()) or values_of(metric, [toy], [["a"]])
    return list(dict.fromkeys(names))


def measure(
    inference: Any,
    split: Any,
    metrics: list[Any],
    *,
    with_predictions: bool = True,
    workers: Alone | None = None,
) -> Measurement:
    """Measures a split: the task's figures, and what the model answers on its own.

    Args:
        inference: The model at work.
        split: One split of the data.
        metrics: From `make_metrics`.
        with_predictions: Whether to answer where no metric asks for it.
        workers: Who shares the work; all of them find the same.
    """
    found = Measurement(score_split(inference, split, workers))
    if not metrics and not with_predictions:
        return found
    began = time.perf_counter()
    answers = answered(inference, split, workers)
    found.seconds = time.perf_counter() - began
    inputs, references = inference.task.questions(split)
    for metric in metrics:
        found.values.update(values_of(metric, answers, right_answers(split, references)))
        found.signature.update(metric.signature)
        found.details.update(getattr(metric, "details", {}))
    found.predictions = [
        {"input": given, "reference": reference, **answer}
        for given, reference, answer in zip(inputs, references, answers, strict=True)
    ]
    return found


def answered(inference: Any, split: Any, workers: Alone | None = None) -> list[dict[str, Any]]:
    """The answer to each question of a split, in the order of `task.questions`."""

    def answer(question_batch: tuple[Any, Mapping[str, Any]]) -> tuple[Any, list[dict[str, Any]]]:
        places, batch = question_batch
        return places, inference.present(batch)

    workers = workers or Alone()
    own: dict[int, dict[str, Any]] = {}
    batches = workers.mine(inference.task.question_batches(split))
    for places, found in side_by_side(answer, batches, is_traced=inference.has_answered):
        own.update(zip(map(int, places), found, strict=True))
    answers = {place: one for part in workers.gathered(own) for place, one in part.items()}
    return [answers[place] for place in range(len(answers))]


def make_metrics(metrics: list[Any]) -> list[Any]:
    """The metrics of what a model answers; those under teacher forcing need no entry."""
    made = [create("metric", metric) for metric in metrics]
    return [metric for metric in made if metric.from_text]


def add_details(inference: Any, predictions: list[dict[str, Any]]) -> None:
    """Adds to the first predictions what a report shows of them, such as attention weights."""
    if predictions:
        encoded = inference.task.encode([prediction["input"] for prediction in predictions])
        for prediction, answer in zip(predictions, inference.present(encoded, detailed=True), strict=True):
            prediction.update(answer)  # all of it: where answers are drawn, this is another one


def evaluate(
    *,
    metrics: list[Metric] = (),
    num_details: NonNegativeInt = NUM_DETAILS,
    baseline: list[Baseline] = (),
    inference: Supplied[Any],
    data: Supplied[Any],
    folder: Supplied[RunFolder],
    extra: Supplied[Mapping[str, Any]],
    workers: Supplied[Alone | None] = None,
) -> dict[str, Any]:
    """Measures the validation and test splits and writes `metrics.json` and `predictions.jsonl`.

    Args:
        metrics: Names from `metrics/`, beside the loss and what else the model's task always measures.
        num_details: Test examples that the report shows in detail, such as with attention maps.
        baseline: Simple methods to measure beside the network, from `evaluate/baselines/`.
    Returns:
        What `metrics.json` holds.
    """
    made = make_metrics(list(metrics))
    splits = [name for name in ("validation", "test") if name in data.splits]
    if not splits:
        raise KerasseqError(
            "There is neither a validation nor a test split to measure.\n  fix: give `data.source` one"
        )
    results: dict[str, Any] = {}
    signature: dict[str, str] = {}
    details: dict[str, Any] = {}
    seconds = dict(extra)
    for name in splits:
        found = measure(inference, data.splits[name], made, workers=workers)
        results[name] = found.values
        signature.update(found.signature)
        details[name] = found.details
        seconds[f"decoding_{name}"] = round(found.seconds, 3)
    add_details(inference, found.predictions[:num_details])
    if baseline and "train" in data.splits:
        results["baseline"] = measure_baselines(
            baseline,
            task=inference.task,
            training=data.splits["train"],
            split=data.splits[splits[-1]],
            metrics=made,
        )
    results.update(signature=signature, seconds=seconds)
    if any(details.values()):
        results["details"] = details
    lines = [json.dumps(prediction, ensure_ascii=False) for prediction in found.predictions]
    write_text(folder.predictions, "\n".join(lines) + "\n")
    write_json(folder.metrics, results)
    return results
