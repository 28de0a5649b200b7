"""The curves of a run's history, and the table of its epochs."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from kerasseq.report import formatting
from kerasseq.report.charts import Chart, History, line_chart

MOST_ROWS = 200
VALIDATION = "validation_"
OF_REFERENCES = "reference_"  # the same in every epoch
_NOT_METRICS = (
    "epoch",
    "seconds",
    "loss",
    "learning_rate",
    "gradient_norm",
    "clipped_share",
    "clipping_threshold",
    "tokens_per_second",
)
_OF_TRAINING = (
    ("learning_rate", "Learning rate", "learning rate"),
    ("tokens_per_second", "Speed", "tokens per second"),
)


@dataclass(frozen=True)
class EpochTable:
    """Every epoch in numbers; `stride` is above 1 where epochs were left out."""

    titles: list[str]
    rows: list[list[str]]
    stride: int


def curves(history: History) -> list[Chart]:
    """The charts of what was measured: loss, metrics, then the course of training."""
    return [chart for chart in _charts(history) if chart is not None]


def epoch_table(history: History) -> EpochTable:
    """The history as text, thinned where it is long."""
    names = [
        name for name in (history[0] if history else {}) if any(row.get(name) is not None for row in history)
    ]
    stride = math.ceil(len(history) / MOST_ROWS) or 1
    chosen = [*history[:-1:stride], *history[-1:]]
    rows = [[formatting.metric(name, row.get(name)) for name in names] for row in chosen]
    return EpochTable([formatting.title(name) for name in names], rows, stride)


def first_broken_epoch(history: History) -> int | None:
    """The epoch from which the training loss is no finite number."""
    for number, row in enumerate(history, 1):
        loss = row.get("loss")
        if loss is not None and not math.isfinite(loss):
            return int(row.get("epoch") or number)
    return None


def _charts(history: History) -> Iterator[Chart | None]:
    yield line_chart(
        history,
        {"loss": ("training", "training"), "validation_loss": ("validation", "validation")},
        title="Loss",
        y_label="nats per token" if any(VALIDATION + "perplexity" in row for row in history) else "loss",
        best="validation_loss",
    )
    for name in _metrics(history):
        curves_of = {VALIDATION + name: ("validation", "validation")}
        if any(row.get(name) is not None for row in history):
            curves_of = {name: ("training", "training"), **curves_of}
        title = formatting.title(name)
        unit = "share" if formatting.is_share(name) else title
        yield line_chart(history, curves_of, title=title, y_label=unit, best=VALIDATION + name)
    for name, title, unit in _OF_TRAINING:
        yield line_chart(
            history, {name: (title.lower(), "neutral")}, title=title, y_label=unit, from_zero=True
        )


def _metrics(history: History) -> list[str]:
    """The metrics measured on the validation split, in the history's order."""
    columns = dict.fromkeys(name for row in history for name in row if name)
    found = [name.removeprefix(VALIDATION) for name in columns if name.startswith(VALIDATION)]
    return [name for name in found if name not in _NOT_METRICS and not name.startswith(OF_REFERENCES)]
