"""The top of a report: what was trained, the key results, and the facts of the run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median
from typing import Any

from kerasseq.report import formatting
from kerasseq.report.run_files import RunFiles, predicted_split, recipe_values

MOST_RESULTS = 3
_TELLING = (
    "exact_match", "span_f1", "tag_accuracy", "accuracy", "macro_f1", "bleu", "chrf", "rougeL", "cider",
    "coco_bleu_4", "coco_rouge_l", "wer", "cer", "f1", "perplexity",
)  # fmt: skip
_RARE = 0.5  # below it, exact match says less than the scores that give credit for parts
_OFTEN_LAST = ("perplexity", "teacher_forced_accuracy", "loss")


@dataclass(frozen=True)
class Result:
    """A number in big type, and what stands below it."""

    label: str
    value: str
    note: str


@dataclass(frozen=True)
class Headline:
    """What the eye falls on first."""

    name: str
    sentence: str
    results: list[Result]
    facts: list[tuple[str, str]]


def headline(run: RunFiles) -> Headline:
    """Chooses the telling results and facts of a run.

    Raises:
        RunFolderError: If recipe.yaml is no YAML mapping.
    """
    return Headline(run.name, _sentence(recipe_values(run)), _results(run), _facts(run))


def metric_names(metrics: Mapping[str, Any]) -> list[str]:
    """A split's metrics, the most telling first."""
    first = [name for name in _TELLING if name in metrics and name not in _OFTEN_LAST]
    last = [name for name in _OFTEN_LAST if name in metrics]
    return first + [name for name in metrics if name not in (*first, *last)] + last


def training_seconds(run: RunFiles) -> float | None:
    """How long training took: as measured, else the sum over epochs."""
    seconds = run.metrics.get("seconds", {})
    for stage in ("training", "train"):
        if isinstance(seconds.get(stage), (int, float)):
            return seconds[stage]
    epochs = [row["seconds"] for row in run.history if row.get("seconds") is not None]
    return sum(epochs) if epochs else None


def _word(value: Any) -> str:
    return str(value.get("type", "")) if isinstance(value, Mapping) else str(value or "")


def _section(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {"type": value} if value else {}


def _sentence(recipe: Mapping[str, Any]) -> str:
    """`seq2seq · bidirectional lstm encoder · lstm decoder with bahdanau attention · beam, width 5`."""
    model, decode = _section(recipe.get("model")), _section(recipe.get("decode"))
    encoder, decoder = _section(model.get("encoder")), _section(model.get("decoder"))
    parts = [_word(model)]
    if encoder:
        direction = "bidirectional" if encoder.get("bidirectional") else ""
        parts.append(" ".join(filter(None, [direction, _word(encoder.get("cell") or encoder), "encoder"])))
    if pooling := _word(model.get("pooling")):
        parts.append(f"{pooling} pooling")
    if decoder:
        attention = _word(decoder.get("attention"))
        with_attention = f"with {attention} attention" if attention not in ("", "none") else ""
        parts.append(" ".join(filter(None, [_word(decoder.get("cell")), "decoder", with_attention])))
    if decode:
        width = decode.get("beam_width")
        parts.append(f"{_word(decode)}, width {width}" if width else _word(decode))
    return " · ".join(filter(None, parts))


def _results(run: RunFiles) -> list[Result]:
    test, validation = run.metrics.get("test") or {}, run.metrics.get("validation") or {}
    split, chosen, other = ("test", test, validation) if test else ("validation", validation, {})
    if not chosen:
        return _latest(run)
    found = []
    names = metric_names(chosen)
    if chosen.get("exact_match", 1.0) < _RARE:
        names.sort(key=lambda name: name == "exact_match")  # stable: only this one moves, to the end
    for name in names[:MOST_RESULTS]:
        beside = f"validation {formatting.metric(name, other[name])}" if name in other else f"{split} split"
        found.append(Result(formatting.title(name), formatting.metric(name, chosen[name]), beside))
    return found


def _latest(run: RunFiles) -> list[Result]:
    """Before evaluation: the last finite validation loss, else training loss."""
    for column in ("validation_loss", "loss"):
        for number, row in reversed(list(enumerate(run.history, 1))):
            value = row.get(column)
            if value is not None and math.isfinite(value):
                note = f"after epoch {row.get('epoch') or number:.0f}; not evaluated yet"
                return [Result(formatting.title(column), formatting.metric(column, value), note)]
    return []


def _facts(run: RunFiles) -> list[tuple[str, str]]:
    facts = []
    seconds = training_seconds(run)
    if seconds is not None:
        facts.append(("Training time", formatting.duration(seconds)))
    if run.history:
        facts.append(("Epochs", f"{run.history[-1].get('epoch') or len(run.history):.0f}"))
    parameters = run.environment.get("parameters")
    if isinstance(parameters, (int, float)):
        facts.append(("Parameters", formatting.short(parameters)))
    speeds = [row["tokens_per_second"] for row in run.history if row.get("tokens_per_second")]
    if speeds:
        facts.append(("Tokens per second", formatting.short(median(speeds))))
    if run.predictions:
        facts.append((f"{formatting.title(predicted_split(run))} examples", f"{len(run.predictions):,}"))
    devices = run.environment.get("devices") or run.environment.get("device")
    if devices:
        facts.append(("Device", ", ".join(devices) if isinstance(devices, list) else str(devices)))
    return facts
