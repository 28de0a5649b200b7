"""What is measured after an epoch, and a few of the answers to look at."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import keras

from kerasseq.evaluate.evaluation import make_metrics, measure
from kerasseq.models.inference import Inference
from kerasseq.opened_run import Run
from kerasseq.registry import create
from kerasseq.report.attention_image import attention_image
from kerasseq.specs import Sample
from kerasseq.workers.alone import Alone

NUM_SAMPLES = 4
NUM_PICTURES = 2
MOST_SHARE = 0.05
MOST_LETTERS = 2000


def quick_decoder(decoder: Any) -> Any:
    """The quickest search that is like the recipe's, for measuring after each epoch; or that one itself."""
    if decoder is None:
        return None
    quick = create("decode", getattr(decoder, "quick", "greedy"))
    return decoder if type(decoder) is type(quick) and vars(decoder) == vars(quick) else quick


class Measuring:
    """Measures the validation split, and keeps its first answers as samples.

    Answers that a metric asked for cost nothing more. What is answered for the samples' sake, such as
    attention, and its pictures, is there at first, and then again whenever all of it has taken at most a
    twentieth of the time.

    Args:
        opened: The run, its data prepared.
        model: The model, as it is trained.
        workers: Who shares the measuring.
        is_watched: Whether anybody looks at samples.
        clock: Gives seconds.
    """

    def __init__(
        self,
        opened: Run,
        model: keras.Model,
        workers: Alone | None = None,
        *,
        is_watched: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ):
        self.data = opened.data
        self.metrics = make_metrics(opened.values["evaluate"]["metrics"])
        self.inference = Inference(opened.task, model, quick_decoder(opened.decoder))
        self.workers = workers
        self.is_watched = is_watched
        self.attends = any(getattr(layer, "attends", False) for layer in model.layers)
        self._clock = clock
        self._began, self._spent = clock(), 0.0
        self._answered: list[dict[str, Any]] = []

    def __call__(self) -> dict[str, float]:
        """The figures of the validation split."""
        split = self.data.splits["validation"]
        found = measure(self.inference, split, self.metrics, with_predictions=False, workers=self.workers)
        if self.is_watched:
            self._answered = found.predictions[:NUM_SAMPLES]
            if (self.attends or not found.predictions) and self._may_spend():
                began = self._clock()
                self._answered = self._ask(split)
                self._spent += self._clock() - began
        return found.values

    def _may_spend(self) -> bool:
        return self._spent <= MOST_SHARE * (self._clock() - self._began)

    def _ask(self, split: Any) -> list[dict[str, Any]]:
        """The answers to the first questions of a split, with attention where there is some."""
        task = self.inference.task
        inputs, references = (several[:NUM_SAMPLES] for several in task.questions(split))
        answers = self.inference.present(task.encode(inputs), detailed=self.attends)
        return [
            {"input": given, "reference": reference, **answer}
            for given, reference, answer in zip(inputs, references, answers, strict=True)
        ]

    def samples(self) -> list[Sample]:
        """The answers since this was last asked, the first ones with a picture where there was attention."""
        answered, self._answered = self._answered, []
        began = self._clock()
        pictures = [attention_image(answer) for answer in answered[:NUM_PICTURES]] if self.attends else []
        self._spent += self._clock() - began if any(pictures) else 0.0
        pictures += [None] * (len(answered) - len(pictures))
        return [
            Sample(*(_text(answer[key]) for key in ("input", "reference", "prediction")), picture)
            for answer, picture in zip(answered, pictures, strict=True)
        ]


def _text(value: Any) -> str:
    """A value as it is, or as JSON where it is no text: tags, several references, forecast numbers."""
    text = str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]} …"
