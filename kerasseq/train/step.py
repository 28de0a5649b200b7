"""What one step of training computes: how a model is compiled, and the callbacks that change the update."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import keras

from kerasseq.models.precision import precision as in_precision
from kerasseq.registry import create, load
from kerasseq.train.callbacks.gradient_accumulation import GradientAccumulation
from kerasseq.train.callbacks.gradient_clipping import GradientClipping
from kerasseq.train.callbacks.learning_rate import MovingRate
from kerasseq.train.callbacks.own_rates import OwnRates
from kerasseq.train.callbacks.scheduled_sampling import ScheduledSampling

# The options of `train` that each of the two takes.
COMPILED = ("optimizer", "schedule", "warmup_steps", "gradient_accumulation", "precision")
IN_STEP = ("clipping", "scheduled_sampling", "learning_rates", "gradient_accumulation")


def compile_model(
    model: keras.Model,
    *,
    loss: keras.losses.Loss,
    optimizer: Any,
    schedule: Any,
    warmup_steps: int,
    gradient_accumulation: int,
    precision: str,
    total_steps: int,
    steps_per_epoch: int,
) -> MovingRate:
    """Compiles a model as it is trained; the arguments are those of `train`, and steps are batches.

    Returns:
        The learning rate, which can be brought down.
    """
    rate = float(create("optimizer", optimizer).learning_rate)
    known = {
        "learning_rate": rate,
        "total_steps": max(total_steps // gradient_accumulation, 1),
        "steps_per_epoch": max(steps_per_epoch // gradient_accumulation, 1),
    }
    moving = MovingRate(rate if schedule is None else _schedule(schedule, known), warmup_steps=warmup_steps)
    made = create("optimizer", optimizer, learning_rate_schedule=moving)
    if precision == "mixed_float16":
        made = keras.optimizers.LossScaleOptimizer(made)
    model.compile(
        optimizer=made,
        loss=loss,
        auto_scale_loss=False,  # that goes by the precision of what `fit` runs, which may be around the model
        jit_compile=False,  # the hand-written loops run faster without XLA on a CPU, and cuDNN needs none
    )
    return moving


@contextmanager
def of_model(model: keras.Model, precision: str) -> Iterator[None]:
    """Has what is made around a model compute in its precision.

    Raises:
        ValueError: If the model was built for another one.
    """
    found = model.dtype_policy.name
    if found != precision:
        raise ValueError(
            f"`precision` must be that of the model, {found!r}. Received: precision={precision!r}"
        )
    with in_precision(precision):
        yield


def settle(model: keras.Model, callbacks: Iterable[keras.callbacks.Callback]) -> None:
    """Freezes what the callbacks freeze, and makes the optimizer's variables for the rest.

    Made within a training step, they would have TensorFlow trace that step twice.
    """
    for callback in callbacks:
        if isinstance(callback, OwnRates):
            callback.freeze(model)
    model.optimizer.build(model.trainable_variables)


def _schedule(schedule: Any, known: Mapping[str, Any]) -> Any:
    """A schedule, told as much as it asks for."""
    name = schedule if isinstance(schedule, str) else schedule["type"]
    asked = inspect.signature(load("schedule", name)).parameters
    return create("schedule", schedule, **{key: value for key, value in known.items() if key in asked})


def step_callbacks(
    model: keras.Model,
    *,
    clipping: Any,
    scheduled_sampling: Any,
    learning_rates: Mapping[str, float],
    gradient_accumulation: int,
) -> list[keras.callbacks.Callback]:
    """The callbacks that change what a training step computes; the arguments are those of `train`."""
    callbacks: list[keras.callbacks.Callback] = []
    if clipping is not None:
        callbacks.append(GradientClipping(**clipping))
    if scheduled_sampling is not None:
        callbacks.append(ScheduledSampling(**scheduled_sampling))
    if learning_rates or OwnRates.has_any(model):
        callbacks.append(OwnRates(learning_rates))
    if gradient_accumulation > 1:
        callbacks.append(GradientAccumulation(steps=gradient_accumulation))
    return callbacks
