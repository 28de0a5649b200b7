"""Runs side by side, as text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len

from kerasseq.report import formatting
from kerasseq.report.headline import metric_names, training_seconds
from kerasseq.report.run_files import RunFiles, read_run, recipe_values
from kerasseq.run_folder import RunFolder
from kerasseq.specs import lower_is_better

BEST = "*"
MISSING = "–"


def comparison(run_folders: Sequence[RunFolder]) -> str:
    """A column a run: its results on the test split, how long it trained, and where the recipes differ.

    Args:
        run_folders: The runs; what one does not have is a dash.
    Returns:
        A table; the best value of each metric has a star.
    Raises:
        RunFolderError: If a folder is not there, or a file in it is broken.
    """
    runs = [read_run(folder) for folder in run_folders]
    names = [run.name for run in runs]
    if len(set(names)) < len(names):
        names = [str(folder.path) for folder in run_folders]
    rows = [["", *names], *_results(runs), *_course(runs)]
    recipes = [dict(_flat(recipe_values(run))) for run in runs]
    keys = dict.fromkeys(key for recipe in recipes for key in recipe)
    differing = [key for key in keys if len({recipe.get(key, MISSING) for recipe in recipes}) > 1]
    rows += [[key, *(recipe.get(key, MISSING) for recipe in recipes)] for key in differing]
    return _aligned(rows)


def _results(runs: Sequence[RunFiles]) -> Iterator[list[str]]:
    tests = [run.metrics.get("test") or {} for run in runs]
    for name in metric_names({name: None for test in tests for name in test}):
        values = [test.get(name) for test in tests]
        best = _best(name, values)
        shown = [
            formatting.metric(name, value) + (BEST if best is not None and value == best else "")
            for value in values
        ]
        yield [formatting.title(name), *shown]


def _best(name: str, values: Sequence[Any]) -> float | None:
    """The best of values that differ; None where there is nothing to compare."""
    finite = [value for value in values if isinstance(value, (int, float)) and math.isfinite(value)]
    if len(set(finite)) < 2:
        return None
    return min(finite) if lower_is_better(name) else max(finite)


def _course(runs: Sequence[RunFiles]) -> Iterator[list[str]]:
    seconds = [training_seconds(run) for run in runs]
    yield [
        "Training time",
        *(MISSING if value is None else formatting.duration(value) for value in seconds),
    ]
    yield ["Epochs", *(str(len(run.history)) if run.history else MISSING for run in runs)]


def _flat(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """`("model.encoder.cell.type", "gru")` for every leaf of a recipe."""
    if isinstance(value, Mapping) and (value or not key):
        for name, inner in value.items():
            yield from _flat(inner, f"{key}.{name}" if key else str(name))
    else:
        yield key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _aligned(rows: Sequence[Sequence[str]]) -> str:
    """The first column to the left, the others to the right; wide characters take two places."""
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        gaps = [" " * (width - cell_len(cell)) for width, cell in zip(widths, row, strict=True)]
        cells = [row[0] + gaps[0], *(gap + cell for gap, cell in zip(gaps[1:], row[1:], strict=True))]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)
