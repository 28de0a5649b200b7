"""What `doctor` finds: the environment and, with a recipe, what is unusual about its data."""

from __future__ import annotations

import importlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from kerasseq import environment, registry
from kerasseq.data.cache_folder import cache_root
from kerasseq.data.inspection import MOST_BAD_LINES, QUANTILES, SplitReport, bad_lines, inspect_data
from kerasseq.data.locate import search_folders
from kerasseq.data.prepare import TRAIN, PreparedData, make_features, make_source
from kerasseq.errors import DataError
from kerasseq.opened_run import Run
from kerasseq.recipe.resolve import Recipe
from kerasseq.recipe.sections import data_target
from kerasseq.report.columns import aligned
from kerasseq.run_folder import RunFolder

MUCH_UNKNOWN = 0.02
LONG_TAIL = 2
GPU_DEVICE_FILES = (Path("/dev/nvidia0"), Path("/dev/dxg"))
CPU_FLAGS = Path("/proc/cpuinfo")
NO_GPU = "the machine has a GPU that TensorFlow does not see: python -m pip install 'tensorflow[and-cuda]'"
LENGTHS = ("median", "90 %", "95 %", "99 %", "longest")


def examine(recipe: Recipe | None = None, data: str | os.PathLike | None = None) -> str:
    """Looks at the environment and, with a recipe, at every line of its data.

    Args:
        recipe: A checked recipe.
        data: The folder that its data paths start from.
    Returns:
        Text in sections; the last one says what to look at, or that nothing stands out.
    """
    cache_folder = None if recipe is None else recipe.values["data"].get("cache_folder")
    sections, advice = [aligned(_environment(cache_folder))], list(_environment_advice())
    if recipe is not None:
        try:
            _examine_data(recipe, data, sections, advice)
        except DataError as error:
            advice.append(f"the data cannot be read. {error}")
    if recipe is not None or advice:
        sections.append(["to look at:", *(f"- {line}" for line in advice or ["nothing stands out"])])
    return "\n\n".join("\n".join(lines) for lines in sections)


def _environment(cache_folder: str | None) -> list[tuple[str, str]]:
    found = environment.describe()
    rows = [(name, version) for name, version in environment.versions().items()]
    rows += [("platform", found["platform"]), ("devices", ", ".join(found["devices"]))]
    rows.append(("cores", f"{found['cores']}{_bfloat16()}"))
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        rows.append(("memory", f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') / 2**30:.1f} GiB"))
    cache = cache_root(cache_folder)
    there = next(folder for folder in (cache, *cache.parents) if folder.exists())
    rows.append(("cache", f"{cache}, {shutil.disk_usage(there).free / 2**30:.1f} GiB free"))
    return rows


def _bfloat16() -> str:
    """That the cores multiply bfloat16 themselves, where their flags are told: Linux, x86-64."""
    flags = CPU_FLAGS.read_text(errors="replace").split() if CPU_FLAGS.exists() else ()
    has_any = any(flag in flags for flag in ("avx512_bf16", "amx_bf16"))
    return ", with bfloat16: large models train faster with train.precision=mixed_bfloat16" if has_any else ""


def _environment_advice() -> Iterator[str]:
    has_gpu = any("GPU" in device for device in environment.describe()["devices"])
    if not has_gpu and any(path.exists() for path in GPU_DEVICE_FILES):
        yield NO_GPU


def _examine_data(
    recipe: Recipe, data: str | os.PathLike | None, sections: list[list[str]], advice: list[str]
) -> None:
    """Adds what the data is like to `sections`, and what is unusual about it to `advice`."""
    values = {**recipe.values, "data": _lenient(recipe.values["data"])}
    folders = search_folders(data_folder=None if data is None else Path(data), recipe_folder=recipe.folder)
    fields = registry.load("task", values["model"]["type"]).fields
    if own := _examiner(values["model"]["type"]):  # what is no examples tells other things of itself
        tables, found = own(values["data"], fields=fields, folders=folders)
        sections += [aligned(rows) for rows in tables]
        advice += found
        return
    features = make_features(values["data"].get("features"), fields=fields)
    source = make_source(values["data"]["source"], fields=fields, folders=folders, features=features)
    found = bad_lines(source)
    if any(count for count, _ in found.values()):
        sections.append(_bad_lines(found))
        total = sum(count for count, _ in found.values())
        advice.append(
            f"{_many(total, 'line')} cannot be used: see above; `on_bad_line: skip` leaves them out"
        )
    with tempfile.TemporaryDirectory() as folder:
        run = Run(RunFolder(folder), values, data_folder=data, recipe_folder=recipe.folder)
        prepared = run.prepare()
        reports = inspect_data(prepared)
    sections += [_splits(reports), _fields(reports, prepared.features)]
    advice += _data_advice(prepared, reports, first=run.task.input_fields[0], second=run.task.output_field)


def _examiner(model: str) -> Callable[..., tuple[list[list[tuple[str, ...]]], list[str]]] | None:
    """What tells of a model's data, where its `DATA` has an `examine` beside it."""
    module = data_target(model).partition(":")[0]
    return getattr(importlib.import_module(module), "examine", None)


def _lenient(section: Mapping[str, Any]) -> dict[str, Any]:
    """A data section that leaves unusable lines out, as far as its source can."""
    source = dict(section["source"])
    if "on_bad_line" in source:
        source["on_bad_line"] = "skip"
    return {**section, "source": source}


def _bad_lines(found: Mapping[str, tuple[int, list[str]]]) -> list[str]:
    lines = []
    for split, (count, shown) in found.items():
        if count:
            more = f", the first {MOST_BAD_LINES}" if count > len(shown) else ""
            lines += [f"unusable lines of {split}: {count:,}{more}", *(f"  {line}" for line in shown)]
    return lines


def _splits(reports: Mapping[str, SplitReport]) -> list[str]:
    rows = [("split", "examples", "repeated", "contradictions", "in train too", "source in train")]
    for name, report in reports.items():
        leaks = [report.leaks.get(TRAIN), report.source_leaks.get(TRAIN)]
        numbers = (report.num_examples, report.duplicates, report.contradictions, *leaks)
        rows.append((name, *("-" if number is None else f"{number:,}" for number in numbers)))
    return aligned(rows, right=range(1, 6))


def _fields(reports: Mapping[str, SplitReport], features: Mapping[str, Any]) -> list[str]:
    rows = [("split", "field", "tokens", "unknown", *LENGTHS)]
    for name, report in reports.items():
        for field, figures in report.fields.items():
            shown = getattr(features[field], "shown_length", "{:,}".format)
            lengths = (shown(figures.lengths[quantile]) for quantile in QUANTILES)
            is_read = hasattr(features[field], "read")  # from a file, which has no tokens
            tokens = ("-", "-") if is_read else (f"{figures.num_tokens:,}", _share(figures.unknown_rate))
            rows.append((name, field, *tokens, *lengths))
    return aligned(rows, right=range(2, 9))


def _data_advice(
    prepared: PreparedData, reports: Mapping[str, SplitReport], *, first: str, second: str
) -> Iterator[str]:
    for name, report in reports.items():
        if leaks := report.leaks.get(TRAIN):
            yield f"{_of(leaks, report)} of {name} stand in train too: their scores measure memorizing"
        elif leaks := report.source_leaks.get(TRAIN):
            other = f"with another {second}"
            yield f"{_of(leaks, report)} of {name} have a {first} that stands in train too, {other}"
        for field, figures in report.fields.items():
            feature = prepared.features[field]
            is_lost = "tokenizer" in feature.options and not getattr(feature, "is_open", False)
            if figures.unknown_rate > MUCH_UNKNOWN and is_lost:
                yield (
                    f"{_share(figures.unknown_rate)} of the {field} tokens of {name} are unknown: raise "
                    f"`vocabulary_size`, or take the tokenizer `subword` or `character`"
                )
    for field, feature in prepared.features.items():
        for name, split in prepared.splits.items() if hasattr(feature, "advice") else ():
            if told := feature.advice(split.texts(field)):
                yield f"{name}: {told}"
    train = reports[TRAIN]
    if train.contradictions:
        number = _of(train.contradictions, train)
        yield f"{number} of train have a {first} that came before with another {second}"
    if train.duplicates:
        yield f"{_of(train.duplicates, train)} of train stand there already: they count twice"
    yield from _length_advice(prepared, train)


def _length_advice(prepared: PreparedData, train: SplitReport) -> Iterator[str]:
    for field, figures in train.fields.items():
        most, longest = figures.lengths[0.99], figures.lengths[1.0]
        feature = prepared.features[field]
        shown = getattr(feature, "shown_length", str)
        unit = f"of {field}" if hasattr(feature, "shown_length") else f"{field} tokens"
        limit = getattr(feature, "limit", "max_length: {}".format)(most)
        is_long = longest > LONG_TAIL * most and prepared.splits[TRAIN].is_of_examples
        if is_long and limit and feature.max_length is None:
            yield (
                f"99 % of train have at most {shown(most)} {unit} and the longest has {shown(longest)}: "
                f"`data.features.{field}.{limit}` saves time and memory"
            )
    if dropped := prepared.counts[TRAIN]["dropped_too_long"]:
        yield f"{_many(dropped, 'example')} of train are left out for `max_length`"


def _of(number: int, report: SplitReport) -> str:
    return f"{_many(number, 'example')} ({_share(number / report.num_examples)})"


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _share(value: float) -> str:
    return f"{value:.1%}".replace("%", " %")
