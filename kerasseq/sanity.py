"""Whether a recipe's model can learn at all: eight examples by heart, before the long run."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from kerasseq.errors import TrainingError
from kerasseq.models.inference import Inference
from kerasseq.opened_run import Run
from kerasseq.train.step import of_model, settle

EXAMPLES = 8
MOST_STEPS = 600
STEPS_AT_ONCE = 30
RATE = 5e-3
SMALL = 0.05  # of the loss at first, where there is nothing to be decoded exactly


def check_sanity(opened: Run, decoder: Any) -> str:
    """Trains a new model on a few examples until it writes them exactly, and throws it away.

    Masks, shifted targets and ends that are off, and labels that do not go with their inputs, keep it from
    that. Where answers are no texts of the data, as those of a language model, the loss has to become small.

    Args:
        opened: The run, its data prepared.
        decoder: How an output is searched for.
    Returns:
        What was found, in a sentence.
    Raises:
        TrainingError: If it does not learn them.
    """
    split = opened.data.splits["train"]
    chosen = split.only(_distinct(opened, split)) if hasattr(split, "only") else None
    model, began = opened.build(), time.perf_counter()
    batch = next(iter((chosen or split).batches(seed=0, epoch=0, training=chosen is None)))
    fit = _fitted(opened, model, batch, rows=(chosen or split).batch_size)
    decoded = _Decoded(opened, model, chosen, decoder)
    number = "a batch" if chosen is None else f"{chosen.num_examples} examples"
    first = loss = _loss(opened, model, batch)
    for steps in range(STEPS_AT_ONCE, MOST_STEPS + 1, STEPS_AT_ONCE):
        fit(STEPS_AT_ONCE)
        loss = _loss(opened, model, batch)
        wrong = decoded.wrong() if loss < first / 2 else None
        if wrong == [] or (wrong is None and not decoded.can_be and loss < SMALL * first):
            exactly = ", all decoded exactly" if decoded.can_be else ""
            seconds = time.perf_counter() - began
            return f"sanity: {number} by heart in {steps} steps, {seconds:.0f} s: loss {loss:.3g}{exactly}"
    told = f"the loss went from {first:.3g} to {loss:.3g}"
    for asked, answer, right in (decoded.wrong() or [])[:1]:
        told += f", and {asked!r} is answered {answer!r} instead of {right!r}"
    raise TrainingError(
        f"The model does not learn {number} by heart: after {MOST_STEPS} steps {told}.\n"
        "  fix: look for labels that do not go with their inputs, a model that is too small or dropout that "
        "is too high; without --sanity it is trained anyway"
    )


def _distinct(opened: Run, split: Any) -> list[int]:
    """The first examples with different inputs."""
    found: dict[Any, int] = {}
    places = [split.fields.index(field) for field in opened.task.input_fields]
    for number, example in enumerate(split.examples()):
        found.setdefault(tuple(example[place] for place in places), number)
        if len(found) == EXAMPLES:
            break
    return sorted(found.values())


def _fitted(opened: Run, model: keras.Model, batch: Mapping[str, Any], *, rows: int) -> Callable[[int], None]:
    """A function that trains so many steps on one batch."""
    with of_model(model, opened.values["train"]["precision"]):
        fitted = opened.task.training_model(model, batch_size=rows)
    optimizer = keras.optimizers.Adam(RATE, global_clipnorm=1.0)
    fitted.compile(optimizer, opened.task.loss(0.0), jit_compile=False, auto_scale_loss=False)
    settle(fitted, [])
    inputs, labels = opened.task.example(batch)

    def fit(steps: int) -> None:
        for _ in range(steps):
            fitted.train_on_batch(inputs, labels)

    return fit


def _loss(opened: Run, model: keras.Model, batch: Mapping[str, Any]) -> float:
    rows = tree.flatten(batch)[0].shape[0]
    found, _ = opened.task.score(model, batch, opened.task.initial_state(model, rows))
    sums = {
        name: float(ops.convert_to_numpy(ops.sum(ops.cast(part, "float32")))) for name, part in found.items()
    }
    return opened.task.figures(sums)[opened.task.measures[0]]


class _Decoded:
    """What a model answers to the examples, beside what is right."""

    def __init__(self, opened: Run, model: keras.Model, split: Any, decoder: Any):
        self.split, self.task = split, opened.task
        self.inference = None if split is None else Inference(opened.task, model, decoder)
        if split is not None:
            self.questions, references = opened.task.questions(split)
            self.references = self._as_written(references)
        self.can_be = split is not None and all(isinstance(text, str) for text in self.references)

    def _as_written(self, references: list[Any]) -> list[Any]:
        """The references with unknown words in them as the model would have to write them."""
        feature = self.task.features[self.task.output_field]
        if not (hasattr(feature, "tokenizer") and all(isinstance(text, str) for text in references)):
            return references
        texts = ops.convert_to_numpy(feature.decode(feature.encode(references)))
        return [text.decode() if isinstance(text, bytes) else str(text) for text in texts]

    def wrong(self) -> list[tuple[Any, Any, Any]] | None:
        """The questions with wrong answers, those and the right ones; None where none can be told."""
        if not self.can_be:
            return None
        found = []
        for places, batch in self.task.question_batches(self.split):
            for place, shown in zip(np.asarray(places).tolist(), self.inference.present(batch), strict=True):
                if str(shown["prediction"]) != self.references[place]:
                    found.append((self.questions[place], shown["prediction"], self.references[place]))
        return found
