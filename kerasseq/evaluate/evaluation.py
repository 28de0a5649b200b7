"""Decoding a split, and measuring it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasseq.errors import KerasseqError
from kerasseq.registry import create
from kerasseq.run_folder import RunFolder, write_json, write_text
from kerasseq.specs import END_ID, PAD_ID, Metric, NonNegativeInt, Supplied

NUM_ATTENTION_MAPS = 20


@dataclass
class Measurement:
    """What was found on one split.

    Args:
        values: Metrics by name.
        signature: How metrics that have conventions were computed.
        predictions: For each example, in the file's order: input, reference, prediction, score.
        seconds: Spent decoding.
    """

    values: dict[str, float]
    signature: dict[str, str] = field(default_factory=dict)
    predictions: list[dict[str, Any]] = field(default_factory=list)
    seconds: float = 0.0


def teacher_forced(inference: Any, split: Any) -> dict[str, float]:
    """Loss, perplexity and accuracy with the reference as input; every real token weighs the same."""
    total = tokens = right = 0.0
    for batch in split.batches(seed=0, epoch=0, training=False):
        log_probabilities, num_tokens, num_right = inference.score(batch)
        total -= log_probabilities.sum(dtype=np.float64)
        tokens += num_tokens.sum()
        right += num_right.sum()
    loss = total / max(tokens, 1.0)
    return {
        "loss": loss,
        "perplexity": float(np.exp(loss)),
        "teacher_forced_accuracy": right / max(tokens, 1.0),
    }


def measured_names(metrics: list[Any]) -> list[str]:
    """The names of the figures that `measure` finds."""
    names = ["loss", "perplexity", "teacher_forced_accuracy"]
    return names + [name for metric in metrics for name in metric(["a"], [["a"]])]


def measure(inference: Any, data: Any, split_name: str, metrics: list[Any]) -> Measurement:
    """Decodes a split freely and measures what came out, beside the teacher-forced figures."""
    split, task = data.splits[split_name], inference.task
    values = teacher_forced(inference, split)
    began = time.perf_counter()
    texts, scores = decoded_texts(inference, data, split)
    found = Measurement(values, seconds=time.perf_counter() - began)
    inputs, references = split.texts(task.input_field), split.texts(task.output_field)
    for metric in metrics:
        found.values.update(metric(texts, [[reference] for reference in references]))
        found.signature.update(metric.signature)
    found.predictions = [
        {"input": source, "reference": reference, "prediction": text, "score": round(float(score), 6)}
        for source, reference, text, score in zip(inputs, references, texts, scores, strict=True)
    ]
    return found


def decoded_texts(inference: Any, data: Any, split: Any) -> tuple[list[str], np.ndarray]:
    """The best output and its score for each example of a split, in the order of the file."""
    task = inference.task
    feature = data.features[task.output_field]
    texts, scores = [], []
    for batch in split.batches(seed=0, epoch=0, training=False):
        hypotheses = inference.decode(batch[task.input_field])
        texts += [text.decode() for text in np.asarray(feature.decode(hypotheses.tokens[:, 0]))]
        scores.append(hypotheses.scores[:, 0])
    in_file_order = np.empty(len(texts), dtype=object)
    in_file_order[split.order] = texts
    ordered_scores = np.empty(len(texts))
    ordered_scores[split.order] = np.concatenate(scores)
    return in_file_order.tolist(), ordered_scores


def make_metrics(metrics: list[Any]) -> list[Any]:
    """The text metrics of a recipe; teacher-forced ones are always measured and need no entry."""
    made = [create("metric", metric) for metric in metrics]
    return [metric for metric in made if metric.from_text]


def attention_maps(inference: Any, data: Any, texts: list[str]) -> list[dict[str, Any] | None]:
    """For each input the weights of its best output, with the tokens of both axes; None without attention."""
    task = inference.task
    source, target = data.features[task.input_field], data.features[task.output_field]
    encoded = source.encode(texts)
    found = inference.decode(encoded, with_attention=True)
    if found.attention is None:
        return [None] * len(texts)
    ids = np.asarray(encoded)[:, 1:]
    maps = []
    for row in range(len(texts)):
        read = [source.vocabulary[token] for token in ids[row] if token != PAD_ID]
        tokens = found.tokens[row, 0]
        length = int(found.lengths[row, 0]) - (1 if END_ID in tokens else 0)
        weights = found.attention[row, 0, :length, : len(read)].astype(
            "float64"
        )  # which rounds to few digits
        written = [target.vocabulary[token] for token in tokens[:length]]
        maps.append({"source_tokens": read, "target_tokens": written, "weights": weights.round(4).tolist()})
    return maps


def evaluate(
    *,
    metrics: list[Metric] = ("bleu", "exact_match"),
    num_attention_maps: NonNegativeInt = NUM_ATTENTION_MAPS,
    inference: Supplied[Any],
    data: Supplied[Any],
    folder: Supplied[RunFolder],
    extra: Supplied[Mapping[str, Any]],
) -> dict[str, Any]:
    """Measures the validation and test splits and writes `metrics.json` and `predictions.jsonl`.

    Args:
        metrics: Names from `metrics/`; loss, perplexity and teacher-forced accuracy are always measured.
        num_attention_maps: Test examples whose attention is kept for the report.
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
    seconds = dict(extra)
    for name in splits:
        found = measure(inference, data, name, made)
        results[name] = found.values
        signature.update(found.signature)
        seconds[f"decoding_{name}"] = round(found.seconds, 3)
    samples = found.predictions[:num_attention_maps]
    maps = attention_maps(inference, data, [sample["input"] for sample in samples]) if samples else []
    for sample, attention in zip(samples, maps, strict=True):
        if attention is not None:
            sample["attention"] = attention
    results.update(signature=signature, seconds=seconds)
    lines = [json.dumps(prediction, ensure_ascii=False) for prediction in found.predictions]
    write_text(folder.predictions, "\n".join(lines) + "\n")
    write_json(folder.metrics, results)
    return results
