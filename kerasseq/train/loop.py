"""From a model and data to a trained model, in a run folder that can be resumed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal

import keras

from kerasseq.models.precision import Precision
from kerasseq.run_folder import RunFolder, write_whole
from kerasseq.specs import (
    NonNegativeFloat,
    NonNegativeInt,
    Optimizer,
    Options,
    Part,
    PositiveFloat,
    PositiveInt,
    Rate,
    Sample,
    Schedule,
    Supplied,
    check_arguments,
)
from kerasseq.train.callbacks.checkpoints import Checkpoints
from kerasseq.train.callbacks.learning_rate import LearningRate
from kerasseq.train.callbacks.limits import Limits
from kerasseq.train.callbacks.metric_evaluation import MetricEvaluation
from kerasseq.train.callbacks.progress import Progress
from kerasseq.train.callbacks.watching import Watching
from kerasseq.train.callbacks.weight_averaging import WeightAveraging
from kerasseq.train.session import Session
from kerasseq.train.sharing import Sharing
from kerasseq.train.step import COMPILED, IN_STEP, compile_model, of_model, step_callbacks
from kerasseq.workers.alone import Alone

Averaging = Annotated[Any, Part("averaging")]
Watcher = Annotated[Any, Part("watcher", supplied=("folder", "recipe", "first_epoch"))]
Clipping = Annotated[Any, Options("kerasseq.train.callbacks.gradient_clipping:GradientClipping")]
Sampling = Annotated[Any, Options("kerasseq.train.callbacks.scheduled_sampling:ScheduledSampling")]


def train(
    *,
    epochs: PositiveInt = 10,
    max_steps: PositiveInt | None = None,
    max_minutes: PositiveFloat | None = None,
    optimizer: Optimizer = "adam",
    schedule: Schedule | None = None,
    warmup_steps: NonNegativeInt = 0,
    learning_rates: dict[str, NonNegativeFloat] = {},  # noqa: B006
    gradient_accumulation: PositiveInt = 1,
    precision: Precision = "float32",
    clipping: Clipping | None = {},  # noqa: B006
    label_smoothing: Rate = 0.0,
    scheduled_sampling: Sampling | None = None,
    averaging: Averaging | None = None,
    evaluate_every: PositiveInt = 1,
    monitor: str = "validation_loss",
    patience: PositiveInt | None = None,
    checkpoint_minutes: NonNegativeFloat = 10.0,
    keep_checkpoints: PositiveInt = 2,
    on_nan: Literal["stop", "rollback"] = "stop",
    watch: list[Watcher] = ["tensorboard"],  # noqa: B006
    devices: PositiveInt = 1,
    model: Supplied[keras.Model],
    task: Supplied[Any],
    data: Supplied[Any],
    folder: Supplied[RunFolder],
    seed: Supplied[int],
    measure: Supplied[Callable[[], Mapping[str, float]]],
    display: Supplied[Any] = None,
    samples: Supplied[Callable[[], Sequence[Sample]] | None] = None,
    workers: Supplied[Any] = None,
) -> Checkpoints:
    """Trains, or goes on where the run folder left off, and leaves the best weights in the model.

    Args:
        epochs: Passes over the training split.
        max_steps: Batches after which training ends, if that is sooner.
        max_minutes: Minutes after which training ends, if that is sooner.
        optimizer: A name from `train/optimizers/`, or a mapping with its options.
        schedule: How the learning rate moves over the training; null keeps it.
        warmup_steps: Steps in which the learning rate rises from 0 to what the schedule says.
        learning_rates: Factors on the learning rate of parts of the model; 0 freezes one.
        gradient_accumulation: Batches for each update of the weights, and step of schedules.
        precision: What layers compute in; `mixed_float16` scales the loss, and suits few machines.
        clipping: The most that the gradient may be; null clips nothing.
        label_smoothing: Share of the target's probability that is spread over the vocabulary.
        scheduled_sampling: Feed the decoder its own tokens, ever more often; null is teacher forcing.
        averaging: Measure and keep an average of the weights; null: the weights themselves.
        evaluate_every: Epochs from one measurement of the validation split to the next.
        monitor: The log that decides which epoch is best.
        patience: Epochs without a better one until training stops; null never stops early.
        checkpoint_minutes: Minutes between checkpoints within an epoch; 0 is each step.
        keep_checkpoints: How many of the last checkpoints are kept beside the best weights.
        on_nan: At a loss or gradient that is no finite number, stop, or go back at a lower rate.
        watch: Where else an epoch's figures and samples go: `tensorboard`, `mlflow`, `wandb`.
        devices: Devices of one machine that share every batch.
    Returns:
        The checkpoints, with the history of every epoch.
    """
    check_arguments(train, **(given := dict(locals())))
    split, workers = data.splits["train"], workers or Alone()
    with of_model(model, precision):
        fitted = task.training_model(model, batch_size=split.batch_size // workers.count)
    step = step_callbacks(fitted, **{name: given[name] for name in IN_STEP})
    rate = compile_model(
        fitted,
        loss=task.loss(label_smoothing),
        total_steps=min(split.steps * epochs, max_steps or math.inf),
        steps_per_epoch=split.steps,
        **{name: given[name] for name in COMPILED},
    )
    sharing = Sharing(workers, fitted, devices=devices)
    averages = None if averaging is None else WeightAveraging(averaging)
    if averages is not None:
        averages.build(model.trainable_variables)
        measure = averages.measured(measure)
    limits = Limits(max_steps=max_steps, max_minutes=max_minutes)
    progress = Progress(display, steps=split.steps, tokens=task.num_tokens(split), limits=limits)
    checkpoints = sharing.checkpoints(
        folder.checkpoints,
        monitor=monitor,
        patience=patience,
        keep=keep_checkpoints,
        weights_of=model,
        averaging=averages,
        others=[*step, limits, progress, rate],
        limits=limits,
    )
    session = Session(
        model=fitted, task=task, split=split, seed=seed, epochs=epochs, folder=folder, rate=rate,
        checkpoints=checkpoints, checkpoint_minutes=checkpoint_minutes, limits=limits, progress=progress,
        on_nan=on_nan, in_step=step, sharing=sharing, at_epoch_end=[
            MetricEvaluation(measure, every_epochs=evaluate_every),
            *([] if averages is None else [averages]),
            LearningRate(rate), Watching(watch if workers.is_chief else [], folder=folder, samples=samples),
        ],
    )  # fmt: skip
    session.run()
    return _keep_best(checkpoints, model, folder)


def _keep_best(checkpoints: Checkpoints, model: keras.Model, folder: RunFolder) -> Checkpoints:
    """Saves a model to use: without the optimizer it is a third as large and loads anywhere."""
    checkpoints.restore_best(model)
    model.optimizer, model.compiled = None, False
    write_whole(folder.model, model.save)
    return checkpoints
