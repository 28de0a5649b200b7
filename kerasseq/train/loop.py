"""From a model and data to a trained model, in a run folder that can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any

import keras

from kerasseq.registry import create
from kerasseq.run_folder import RunFolder, write_whole
from kerasseq.specs import Optimizer, Options, Part, PositiveInt, Rate, Schedule, Supplied, check_arguments
from kerasseq.train.callbacks.checkpoints import Checkpoints
from kerasseq.train.callbacks.gradient_clipping import GradientClipping
from kerasseq.train.callbacks.metric_evaluation import MetricEvaluation
from kerasseq.train.callbacks.own_rates import OwnRates
from kerasseq.train.callbacks.progress import EpochLine, Progress
from kerasseq.train.callbacks.scheduled_sampling import ScheduledSampling
from kerasseq.train.callbacks.weight_averaging import WeightAveraging
from kerasseq.train.memory import keep_freed_memory

Averaging = Annotated[Any, Part("averaging")]
Clipping = Annotated[Any, Options("kerasseq.train.callbacks.gradient_clipping:GradientClipping")]
Sampling = Annotated[Any, Options("kerasseq.train.callbacks.scheduled_sampling:ScheduledSampling")]


def train(
    *,
    epochs: PositiveInt = 10,
    optimizer: Optimizer = "adam",
    schedule: Schedule | None = None,
    clipping: Clipping | None = {},  # noqa: B006
    label_smoothing: Rate = 0.0,
    scheduled_sampling: Sampling | None = None,
    averaging: Averaging | None = None,
    evaluate_every: PositiveInt = 1,
    monitor: str = "validation_loss",
    patience: PositiveInt | None = None,
    model: Supplied[keras.Model],
    task: Supplied[Any],
    data: Supplied[Any],
    folder: Supplied[RunFolder],
    seed: Supplied[int],
    measure: Supplied[Callable[[], Mapping[str, float]]],
    display: Supplied[Any] = None,
) -> Checkpoints:
    """Trains, or goes on where the run folder left off, and leaves the best weights in the model.

    Args:
        epochs: Passes over the training split.
        optimizer: A name from `train/optimizers/`, or a mapping with its options.
        schedule: How the learning rate moves over the training; null keeps it.
        clipping: The most that the gradient's norm may be; null clips nothing.
        label_smoothing: Share of the target's probability that is spread over the vocabulary.
        scheduled_sampling: Feed the decoder its own tokens, ever more often; null is teacher forcing.
        averaging: Measure and keep an average of the weights; null: the weights themselves.
        evaluate_every: Epochs from one measurement of the validation split to the next.
        monitor: The log that decides which epoch is best.
        patience: Epochs without a better one until training stops; null never stops early.
    Returns:
        The checkpoints, with the history of every epoch.
    """
    check_arguments(
        train,
        epochs=epochs,
        label_smoothing=label_smoothing,
        evaluate_every=evaluate_every,
        patience=patience,
    )
    split = data.splits["train"]
    fitted = task.training_model(model, batch_size=split.batch_size)
    compile_model(
        fitted,
        loss=task.loss(label_smoothing),
        optimizer=optimizer,
        schedule=schedule,
        total_steps=split.steps * epochs,
    )
    averages = None if averaging is None else WeightAveraging(averaging)
    if averages is not None:
        averages.build(model.trainable_variables)
        measure = averages.measured(measure)
    checkpoints = Checkpoints(
        folder.checkpoints, monitor=monitor, patience=patience, weights_of=model, averaging=averages
    )
    callbacks = [
        *step_callbacks(clipping=clipping, scheduled_sampling=scheduled_sampling),
        *([OwnRates()] if OwnRates.has_any(fitted) else []),
        Progress(display, steps=split.steps, tokens=task.num_tokens(split)),
        MetricEvaluation(measure, every_epochs=evaluate_every),
        *([] if averages is None else [averages]),
        checkpoints,
    ]
    _fit(fitted, task, split, checkpoints, callbacks, last=epochs, seed=seed, folder=folder, display=display)
    checkpoints.restore_best(model)
    # What is kept is a model to use: without the optimizer it is a third as large and loads anywhere.
    model.optimizer, model.compiled = None, False
    write_whole(folder.model, model.save)
    return checkpoints


def compile_model(
    model: keras.Model, *, loss: keras.losses.Loss, optimizer: Any, schedule: Any, total_steps: int
) -> None:
    """Compiles a model as it is trained; the arguments are those of `train`."""
    model.compile(
        optimizer=_optimizer(optimizer, schedule, total_steps),
        loss=loss,
        jit_compile=False,  # the hand-written loops run faster without XLA on a CPU, and cuDNN needs none
    )


def step_callbacks(*, clipping: Any, scheduled_sampling: Any) -> list[keras.callbacks.Callback]:
    """The callbacks that change what a training step computes; the arguments are those of `train`."""
    callbacks: list[keras.callbacks.Callback] = []
    if clipping is not None:
        callbacks.append(GradientClipping(**clipping))
    if scheduled_sampling is not None:
        callbacks.append(ScheduledSampling(**scheduled_sampling))
    return callbacks


def _fit(
    model: keras.Model,
    task: Any,
    split: Any,
    checkpoints: Checkpoints,
    callbacks: list[keras.callbacks.Callback],
    *,
    last: int,
    seed: int,
    folder: RunFolder,
    display: Any,
) -> None:
    model.optimizer.build(model.trainable_variables)
    for callback in callbacks:
        callback.set_model(model)
    checkpoints.restore_last(model)
    if checkpoints.epoch >= last or checkpoints.has_run_out():
        return
    batches = split.epochs(seed=seed, first=checkpoints.epoch, last=last).map(task.example)
    keep_freed_memory()
    try:
        model.fit(
            batches,
            initial_epoch=checkpoints.epoch,
            epochs=last,
            steps_per_epoch=split.steps,
            shuffle=False,
            verbose=0,
            callbacks=[*callbacks, EpochLine(folder.history, checkpoints.history, display)],
        )
    finally:  # Keras calls no `on_train_end` after Ctrl-C
        if display is not None:
            display.stop()


def _optimizer(optimizer: Any, schedule: Any, total_steps: int) -> keras.optimizers.Optimizer:
    if schedule is None:
        return create("optimizer", optimizer)
    rate = float(create("optimizer", optimizer).learning_rate)
    made = create("schedule", schedule, learning_rate=rate, total_steps=total_steps)
    return create("optimizer", optimizer, learning_rate_schedule=made)
