"""What a recipe comes to before it is run: shapes, parameters, memory, steps, and the time of real steps."""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from kerasseq import environment
from kerasseq.errors import DataError
from kerasseq.layers.recurrent import Recurrent
from kerasseq.opened_run import Run
from kerasseq.recipe.resolve import Recipe
from kerasseq.report.columns import aligned
from kerasseq.report.formatting import duration
from kerasseq.run_folder import RunFolder
from kerasseq.train.step import COMPILED, IN_STEP, compile_model, of_model, settle, step_callbacks

WARM_UP_STEPS = 3
TIMED_STEPS = 15
MOST_SECONDS = 30.0


def explain(recipe: Recipe, data: str | os.PathLike | None = None) -> str:
    """Builds a recipe's data and model, trains the model for a few steps and throws it away.

    Args:
        recipe: A checked recipe.
        data: The folder that its data paths start from.
    Returns:
        Text in sections. Where the data cannot be read, it says so, and goes on with the vocabulary sizes
        that the recipe gives.
    """
    with tempfile.TemporaryDirectory() as folder:
        opened = Run(RunFolder(folder), recipe.values, data_folder=data, recipe_folder=recipe.folder)
        try:
            opened.prepare()
        except DataError as error:
            sections = list(_without_data(opened, error))
        else:
            sections = list(_with_data(opened))
    return "\n\n".join("\n".join(lines) for lines in sections)


def _with_data(opened: Run) -> Iterator[list[str]]:
    yield _examples(opened)
    yield _fields(opened)
    model, split = opened.build(), opened.data.splits["train"]
    yield _layers(model)
    with of_model(model, opened.values["train"]["precision"]):
        fitted = opened.task.training_model(model, batch_size=split.batch_size)
    timing = _timed(opened, fitted, steps_per_epoch=split.steps)
    yield aligned(
        [
            ("memory", _memory(fitted, opened.values)),
            ("steps", _steps(opened)),
            ("batches", _batches(opened)),
            *_loops(opened, model),
            ("time", _estimate(timing, opened)),
            ("", _how_measured(timing)),
            ("", "not counted: writing and measuring the validation split after each epoch"),
        ]
    )


def _without_data(opened: Run, error: DataError) -> Iterator[list[str]]:
    yield [f"The data cannot be read. {error}"]
    features = opened.make_features()
    limits = {name: feature.most_ids for name, feature in features.items()}
    if None in limits.values():
        unknown = [name for name in limits if limits[name] is None and _has_vocabulary(features[name])]
        keys = [_size_key(name, features[name]) for name in unknown]
        yield ["The model's size depends on it, or on what it does not give: " + ", ".join(keys)]
        return
    sizes = ", ".join(f"{name} {limit:,}" for name, limit in limits.items())
    yield [f"What follows assumes full vocabularies: {sizes}"]
    opened.features = {name: _Assumed(limit) for name, limit in limits.items()}
    model = opened.build()
    yield _layers(model)
    _compile(opened, model, steps_per_epoch=1)
    model.optimizer.build(model.trainable_variables)
    yield aligned([("memory", _memory(model, opened.values)), *_loops(opened, model)])


def _has_vocabulary(feature: Any) -> bool:
    """Whether it learns one, which it may not have done yet; a recording has none."""
    return hasattr(type(feature), "vocabulary_size")


def _size_key(name: str, feature: Any) -> str:
    """The recipe's key that limits how many ids a field has; the field's own where only data say."""
    return ".".join(["data.features", name, *feature.size_option])


@dataclass(frozen=True)
class _Assumed:
    """Stands for a feature whose vocabulary was not learned."""

    vocabulary_size: int


def _examples(opened: Run) -> list[str]:
    rows = [("split", "examples", "lines read", "too long", "unusable")]
    for name, count in opened.data.counts.items():
        lost = (count["dropped_too_long"], count["skipped_bad_lines"])
        rows.append((name, *(f"{number:,}" for number in (count["kept"], count["read"], *lost))))
    return aligned(rows, right=(1, 2, 3, 4))


def _fields(opened: Run) -> list[str]:
    rows = [("field", "tokenizer", "vocabulary", "median length", "longest")]
    for name, feature in opened.features.items():
        lengths = opened.data.splits["train"].lengths(name)
        shown = getattr(feature, "shown_length", "{:,}".format)
        kind = feature.options.get("tokenizer", feature.options)["type"]
        size = f"{feature.vocabulary_size:,}" if _has_vocabulary(feature) else "-"
        rows.append((name, kind, size, shown(int(np.median(lengths))), shown(int(lengths.max()))))
    notes = [note for feature in opened.features.values() for note in getattr(feature, "notes", ())]
    return aligned(rows, right=(2, 3, 4)) + notes


def _layers(model: keras.Model) -> list[str]:
    """A row a layer, and one for each of its parts; a shared weight counts where it comes first."""
    rows = [("layer", "output", "parameters")]
    seen: set[int] = set()
    for layer in model.layers:
        if isinstance(layer, keras.layers.InputLayer):
            continue
        parts: dict[str, int] = {}
        for variable in layer.trainable_variables:
            if id(variable) not in seen:
                seen.add(id(variable))
                part = variable.path.partition("/")[2].rpartition("/")[0].partition("/")[0]
                parts[part] = parts.get(part, 0) + _size(variable)
        rows.append((layer.name, _shape(layer.output), f"{sum(parts.values()):,}"))
        if len(parts) > 1:
            rows += [(f"  {part or 'own weights'}", "", f"{number:,}") for part, number in parts.items()]
    rows.append(("all", "", f"{sum(map(_size, model.trainable_variables)):,}"))
    return aligned(rows, right=(2,))


def _size(variable: Any) -> int:
    return int(np.prod(variable.shape))


def _shape(output: Any) -> str:
    """The first output's shape: (batch, time, 64)."""
    shape = tree.flatten(output)[0].shape
    axes = ("batch", "time") if len(shape) > 2 else ("batch",)
    named = [
        (axes[place] if place < len(axes) else "any") if size is None else str(size)
        for place, size in enumerate(shape)
    ]
    return f"({', '.join(named)})"


def _memory(model: keras.Model, values: dict[str, Any]) -> str:
    weights = _megabytes(model.trainable_variables)
    optimizer = _megabytes(model.optimizer.variables)
    name = values["train"]["optimizer"]["type"]
    return f"{weights:.1f} MB weights, as much for gradients, {optimizer:.1f} MB {name}; activations on top"


def _megabytes(variables: list[Any]) -> float:
    return sum(ops.convert_to_numpy(variable).nbytes for variable in variables) / 1e6


def _steps(opened: Run) -> str:
    split, epochs = opened.data.splits["train"], opened.values["train"]["epochs"]
    size = opened.values["data"]["batch_size"]
    most = opened.values["train"]["max_steps"]
    ends = f"{split.steps * epochs:,} in {epochs} epochs"
    if most is not None and most < split.steps * epochs:
        ends = f"{most:,} in all: `train.max_steps` comes before the end of {epochs} epochs"
    return f"{split.steps:,} an epoch of {size} rows each, {ends}"


def _batches(opened: Run) -> str:
    """The shapes of the batches that are timed: `source (64, 15-39)`."""
    shapes: dict[str, list[tuple[int, ...]]] = {}
    for batch in _first_batches(opened):
        inputs = opened.task.example(batch)[0]
        if not isinstance(inputs, Mapping):
            inputs = dict(zip(opened.task.input_fields, [inputs], strict=True))
        for name, array in inputs.items():
            shapes.setdefault(name, []).append(tuple(array.shape))
    found = []
    for name, shapes_of in shapes.items():
        axes = [sorted({shape[axis] for shape in shapes_of}) for axis in range(len(shapes_of[0]))]
        spans = [str(sizes[0]) if len(sizes) == 1 else f"{sizes[0]}-{sizes[-1]}" for sizes in axes]
        found.append(f"{name} ({', '.join(spans)})")
    return ", ".join(found)


def _first_batches(opened: Run) -> Any:
    """As many batches as are timed, in the order of training."""
    split, number = opened.data.splits["train"], WARM_UP_STEPS + TIMED_STEPS
    epochs = -(-number // split.steps)
    return split.epochs(seed=opened.values["seed"], first=0, last=epochs).take(number)


def _loops(opened: Run, model: keras.Model) -> list[tuple[str, str]]:
    sampling = opened.values["train"]["scheduled_sampling"]
    mode = None if sampling is None else sampling["mode"]
    return [*_kernels(model), *opened.task.loops(model, sampling=mode).items()]


def _kernels(model: keras.Model) -> Iterator[tuple[str, str]]:
    """What each recurrent layer's loop runs on, and why."""
    for layer in model._flatten_layers(include_self=False):
        if isinstance(layer, Recurrent):
            kernel, reason = layer.kernel_choice()
            yield "kernel", f"{kernel} for {layer.path}: {reason}"


def _compile(opened: Run, model: keras.Model, *, steps_per_epoch: int) -> None:
    values = opened.values["train"]
    compile_model(
        model,
        loss=opened.task.loss(values["label_smoothing"]),
        total_steps=steps_per_epoch * values["epochs"],
        steps_per_epoch=steps_per_epoch,
        **{name: values[name] for name in COMPILED},
    )


class _Clock(keras.callbacks.Callback):
    """Notes when each step has ended, and ends training that takes too long."""

    def __init__(self):
        super().__init__()
        self.ends: list[float] = []

    def on_train_batch_end(self, batch: int, logs: dict | None = None) -> None:
        float((logs or {}).get("loss", 0.0))  # waits for the device
        self.ends.append(time.perf_counter())
        self.model.stop_training = self.ends[-1] - self.ends[0] > MOST_SECONDS and len(self.ends) > 1

    @property
    def seconds(self) -> list[float]:
        """The time of each step behind the warm-up, or of the last where none is."""
        taken = np.diff(self.ends).tolist()
        return taken[WARM_UP_STEPS - 1 :] or taken[-1:]


def _timed(opened: Run, model: keras.Model, *, steps_per_epoch: int) -> list[float]:
    """The seconds of real training steps, with the recipe's optimizer, clipping and sampling."""
    _compile(opened, model, steps_per_epoch=steps_per_epoch)
    values, clock = opened.values["train"], _Clock()
    callbacks = step_callbacks(model, **{name: values[name] for name in IN_STEP})
    settle(model, callbacks)
    batches = _first_batches(opened).map(opened.task.example)
    model.fit(batches, epochs=1, shuffle=False, verbose=0, callbacks=[*callbacks, clock])
    return clock.seconds


def _estimate(seconds: list[float], opened: Run) -> str:
    steps, values = opened.data.splits["train"].steps, opened.values["train"]
    number = min(steps * values["epochs"], values["max_steps"] or math.inf)
    whole = min(fmean(seconds) * number, 60 * (values["max_minutes"] or math.inf))
    return f"about {duration(fmean(seconds) * steps)} an epoch, {duration(whole)} in all"


def _how_measured(seconds: list[float]) -> str:
    found = environment.describe()
    device = f"{', '.join(found['devices'])}, {found['cores']} cores"
    slowest, fastest = max(seconds) * 1e3, min(seconds) * 1e3
    return (
        f"measured: {len(seconds)} steps on a model that was thrown away, {fmean(seconds) * 1e3:.0f} ms each "
        f"({fastest:.0f} to {slowest:.0f}), {device}"
    )
