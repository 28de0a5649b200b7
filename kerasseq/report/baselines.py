"""Whether the network earns its keep."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from kerasseq.report import formatting
from kerasseq.report.headline import metric_names
from kerasseq.specs import lower_is_better

CLEAR = 2.0  # standard errors of a difference that is no accident


def baseline_columns(metrics: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The values of each baseline by its name; those that were not measured are left out."""
    found = metrics.get("baseline") or {}
    if not isinstance(found, Mapping) or not any(isinstance(values, Mapping) for values in found.values()):
        return {"baseline": found} if found else {}
    named = {name.replace("_", " "): values for name, values in found.items() if isinstance(values, Mapping)}
    return {name: values for name, values in named.items() if "missing" not in values}


def baseline_sentence(metrics: Mapping[str, Any], *, num_examples: int) -> str:
    """What the network is worth beside the best baseline, in words; empty where none was measured.

    Args:
        metrics: What metrics.json holds.
        num_examples: Of the split that was measured, which say how much of a difference is an accident.
    """
    columns = baseline_columns(metrics)
    measured = metrics.get("test") or metrics.get("validation") or {}
    shared = [name for name in metric_names(measured) if all(name in values for values in columns.values())]
    if not columns or not shared:
        return ""
    name = shared[0]
    sign = -1 if lower_is_better(name) else 1
    best = max(columns, key=lambda column: sign * columns[column][name])
    network, simple = measured[name], columns[best][name]
    both = f"{formatting.metric(name, network)} against {formatting.metric(name, simple)}"
    beside = f"{formatting.title(name)}: {both} of the baseline “{best}”."
    note = _not_measured(metrics)
    gain = sign * (network - simple)
    if gain <= 0:
        return f"{beside} The network does not earn its keep.{note}"
    if formatting.is_share(name) and gain < CLEAR * _standard_error(network, simple, num_examples):
        return f"{beside} That may be an accident: the network hardly earns its keep.{note}"
    return f"{beside} The network earns its keep.{note}"


def _not_measured(metrics: Mapping[str, Any]) -> str:
    found = [
        f"{name} ({values['missing']})"
        for name, values in metrics["baseline"].items()
        if isinstance(values, Mapping) and "missing" in values
    ]
    return f" Not measured: {', '.join(found)}." if found else ""


def _standard_error(one: float, other: float, num_examples: int) -> float:
    """Of the difference of two shares, as if they were measured on different examples."""
    if not num_examples or not (0 <= one <= 1 and 0 <= other <= 1):
        return 0.0
    return math.sqrt((one * (1 - one) + other * (1 - other)) / num_examples)
