"""A trained model at work: answering and scoring, compiled once for batches of every shape."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from itertools import islice
from typing import Any

import keras
from keras import ops, tree

from kerasseq.models.precision import weights_cast_once
from kerasseq.models.side_by_side import side_by_side
from kerasseq.specs import Raw

BATCH_SIZE = 64
WINDOW = 16 * BATCH_SIZE  # inputs among which those of like length are looked for


def compiled(function: Callable, *arguments: Any) -> Callable:
    """Compiles a function; on TensorFlow a batch of another size traces nothing anew.

    Args:
        function: Of structures of tensors.
        *arguments: For each argument its structure, with `Raw` in the place of tensors; none where shapes are
            always the same.
    """
    if keras.backend.backend() != "tensorflow":
        return function
    import tensorflow as tf

    if not arguments:
        return tf.function(function, autograph=False)
    signature = tree.map_structure(lambda raw: tf.TensorSpec(raw.shape, raw.dtype), list(arguments))
    return tf.function(function, input_signature=signature, autograph=False)


class Inference:
    """Answers and scores batches of encoded fields.

    Args:
        task: The model's task.
        model: The model.
        decoder: How an output is searched for; None where the task's model writes no tokens.
    Attributes:
        has_answered: Whether answering has been compiled, so that several threads may ask.
    """

    def __init__(self, task: Any, model: keras.Model, decoder: Any):
        self.task = task
        self.model = model
        state = tree.map_structure(
            lambda tensor: Raw(keras.backend.standardize_dtype(tensor.dtype), (None, *tensor.shape[1:])),
            task.initial_state(model, 1),
        )
        self._score = compiled(lambda batch, state: task.score(model, batch, state), task.specs(), state)
        self._search(decoder)

    def _search(self, decoder: Any) -> None:
        task, model, specs = self.task, self.model, self.task.specs()
        inputs = {field: specs[field] for field in task.input_fields}
        self.decoder = decoder
        self.has_answered = False

        def respond(encoded: Mapping[str, Any], *, detailed: bool) -> dict[str, Any]:
            with weights_cast_once(model):
                return task.respond(model, encoded, decoder, detailed=detailed)

        def extend(progress: Any, num_steps: Any) -> Any:
            with weights_cast_once(model):
                return task.extend(model, progress, decoder, num_steps)

        self._respond = {
            detailed: compiled(partial(respond, detailed=detailed), inputs) for detailed in (False, True)
        }
        self.open = compiled(lambda encoded: task.open(model, encoded, decoder))
        self.extend = compiled(extend)

    def searching_with(self, decoder: Any) -> Inference:
        """The same model with this search; what has been compiled and does not depend on it is shared."""
        if decoder is self.decoder:
            return self
        other = copy.copy(self)
        other._search(decoder)
        return other

    def respond(self, encoded: Mapping[str, Any], *, detailed: bool = False) -> dict[str, Any]:
        """The answers to encoded inputs, as NumPy arrays."""
        inputs = {field: encoded[field] for field in self.task.input_fields}
        answers = tree.map_structure(ops.convert_to_numpy, self._respond[detailed](inputs))
        self.has_answered = self.has_answered or not detailed
        return answers

    def present(self, encoded: Mapping[str, Any], *, detailed: bool = False) -> list[dict[str, Any]]:
        """The answers as people read them, a row each."""
        inputs = {field: encoded[field] for field in self.task.input_fields}
        arrays = tree.map_structure(ops.convert_to_numpy, inputs)
        return list(self.task.present(arrays, self.respond(encoded, detailed=detailed)))

    def answers(self, inputs: Iterable[Any]) -> Iterator[dict[str, Any]]:
        """The answers to raw inputs, in their order; those of like length are answered together."""
        inputs = iter(inputs)
        while window := list(islice(inputs, WINDOW)):
            by_length = sorted(range(len(window)), key=lambda place: -_length(window[place]))
            groups = [by_length[first : first + BATCH_SIZE] for first in range(0, len(window), BATCH_SIZE)]

            def answer(places: list[int], window: list[Any] = window) -> list[dict[str, Any]]:
                return self.present(self.task.encode([window[place] for place in places]))

            found: dict[int, dict[str, Any]] = {}
            answered = side_by_side(answer, groups, is_traced=self.has_answered)
            for places, answers in zip(groups, answered, strict=True):
                found.update(zip(places, answers, strict=True))
            yield from (found[place] for place in range(len(window)))

    def score(self, batch: Mapping[str, Any], state: Any = None) -> tuple[dict[str, Any], Any]:
        """What `task.score` finds, as NumPy arrays of (batch,), and the state for the split's next batch."""
        if state is None:
            size = tree.flatten(dict(batch))[0].shape[0]
            state = self.task.initial_state(self.model, size)
        found, state = self._score(dict(batch), state)
        return tree.map_structure(ops.convert_to_numpy, found), state


def _length(given: Any) -> int:
    return len(given) if hasattr(given, "__len__") else 0
