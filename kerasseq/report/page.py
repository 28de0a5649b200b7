"""`report.html`: one file that needs no network."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from kerasseq.report import baselines, classes, curves, examples, formatting, gradients
from kerasseq.report.charts import HEIGHT, WIDTH
from kerasseq.report.differences import are_continuations
from kerasseq.report.headline import headline, metric_names
from kerasseq.report.panel import panels
from kerasseq.report.run_files import RunFiles, predicted_split, read_run, recipe_values
from kerasseq.run_folder import RunFolder, write_text
from kerasseq.specs import lower_is_better

TEMPLATES = Path(__file__).parent
_OTHER_CLIPPING = ("percentile", "final_global_norm", "variable_norm", "value")
_NOT_SPLITS = ("signature", "seconds", "details", "baseline")


class MetricRow(NamedTuple):
    """A metric in every split that was measured."""

    title: str
    lower_is_better: bool
    values: list[str]
    signature: str


class SplitRow(NamedTuple):
    """One split's counts."""

    name: str
    counts: list[str]


class File(NamedTuple):
    """A file that was read."""

    path: str
    sha256: str


def write_report(run_folder: RunFolder) -> Path:
    """Writes report.html from what the run folder holds; what is not there yet is left out.

    Args:
        run_folder: A run, finished or not.
    Returns:
        The path of the report.
    Raises:
        RunFolderError: If the folder is not there, or a file in it is broken.
    """
    write_text(run_folder.report, render(read_run(run_folder)))
    return run_folder.report


def render(run: RunFiles) -> str:
    """The whole page."""
    return templates().get_template("page.html").render(_content(run))


def templates() -> Any:
    """Where the templates of pages are read."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _content(run: RunFiles) -> dict[str, Any]:
    likenesses = examples.similarities(run.predictions)
    splits, rows = metric_table(run.metrics)
    counted, data, files = _data(run.environment)
    threshold = _clipping_threshold(run)
    shown = panels(run)
    return {
        **_of_classes(run, likenesses),
        "headline": headline(run),
        "splits": splits,
        "metric_rows": rows,
        "stages": _stages(run.metrics),
        "charts": curves.curves(run.history),
        "epochs": curves.epoch_table(run.history),
        "broken_epoch": curves.first_broken_epoch(run.history),
        "panels": shown,
        "shows_texts": not any(panel.replaces_samples for panel in shown),
        "gradient_charts": gradients.gradient_charts(run.gradients),
        "gradient_rows": gradients.layer_rows(run.gradients),
        "gradients_of": run.gradients,
        "far": gradients.FAR,
        "norm_charts": gradients.training_charts(run.history, threshold),
        "clipping": gradients.clipping_sentence(run.history, threshold),
        "samples": examples.samples(run.predictions, likenesses),
        "worst": examples.worst(run.predictions, likenesses),
        "split": predicted_split(run),
        "num_examples": len(run.predictions),
        "num_exact": sum(like == examples.EXACT for like in likenesses),
        "length_ratio": examples.length_ratio(run.predictions),
        "recipe": run.recipe,
        "recipe_lines": list(map(_key_and_rest, run.recipe.splitlines())),
        "environment": _flat({key: value for key, value in run.environment.items() if key != "data"}),
        "counted": counted,
        "data": data,
        "files": files,
        "width": WIDTH,
        "height": HEIGHT,
        "share": lambda value: formatting.metric("share", float(value)),
        "number": formatting.number,
    }


def _of_classes(run: RunFiles, likenesses: list[float]) -> dict[str, Any]:
    """What depends on whether predictions are classes, and how the network does beside baselines."""
    details = (run.metrics.get("details") or {}).get(predicted_split(run)) or {}
    charts = examples.quality_charts(run.predictions, likenesses)
    return {
        "baseline": baselines.baseline_sentence(run.metrics, num_examples=len(run.predictions)),
        "confusion": classes.confusion(details),
        "class_rows": classes.class_rows(details),
        "is_of_class": bool(run.predictions) and classes.is_of_class(run.predictions[0]),
        "is_continuation": are_continuations(run.predictions),
        "quality_charts": [*classes.reliability_chart(details), *charts],
    }


def _clipping_threshold(run: RunFiles) -> float | None:
    """The norm above which the recipe clips, where it stays and nothing else clips."""
    clipping = (recipe_values(run).get("train") or {}).get("clipping")
    if not isinstance(clipping, Mapping) or any(clipping.get(name) for name in _OTHER_CLIPPING):
        return None
    found = clipping.get("global_norm")
    return float(found) if isinstance(found, (int, float)) else None


def metric_table(metrics: Mapping[str, Any]) -> tuple[list[str], list[MetricRow]]:
    """The splits that were measured, test first, and a row for each metric."""
    found = {name: value for name, value in metrics.items() if name not in _NOT_SPLITS and value}
    found = {name: value for name, value in found.items() if isinstance(value, Mapping)}
    found |= baselines.baseline_columns(metrics)
    order = ("test", "validation")
    splits = [name for name in order if name in found] + [name for name in found if name not in order]
    names = metric_names({name: None for split in splits for name in found[split]})
    signatures = metrics.get("signature") or {}
    rows = [
        MetricRow(
            formatting.title(name),
            lower_is_better(name),
            [formatting.metric(name, found[split].get(name)) for split in splits],
            str(signatures.get(name, "")),
        )
        for name in names
    ]
    return splits, rows


def _stages(metrics: Mapping[str, Any]) -> list[tuple[str, str]]:
    seconds = metrics.get("seconds") or {}
    return [
        (formatting.title(stage), formatting.duration(value))
        for stage, value in seconds.items()
        if isinstance(value, (int, float))
    ]


def _key_and_rest(line: str) -> tuple[str, str, str]:
    """A line of YAML as its indentation, its key with the colon, and the rest."""
    indent, key, rest = re.fullmatch(r"(\s*(?:- )?)([\w.+-]+:(?=\s|$))?(.*)", line, re.DOTALL).groups("")
    return indent, key, rest


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    found = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            found += _flat(value, f"{prefix}{key}.")
        elif value is not None:
            text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
            found.append((prefix + key, text))
    return found


def _data(environment: Mapping[str, Any]) -> tuple[list[str], list[SplitRow], list[File]]:
    """The names of what was counted, a row for each split, and the files that were read."""
    data = environment.get("data") or {}
    counts = {name: found for name, found in (data.get("counts") or {}).items() if isinstance(found, Mapping)}
    names = list(dict.fromkeys(key for found in counts.values() for key in found))
    rows = [
        SplitRow(name, [formatting.metric(key, found.get(key)) for key in names])
        for name, found in counts.items()
    ]
    files = [File(str(path), str(checksum)) for path, checksum in (data.get("sha256") or {}).items()]
    return [key.replace("_", " ") for key in names], rows, files
