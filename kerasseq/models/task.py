"""What the stages ask of a model: the one thing that a task's file has to answer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any, ClassVar

import keras
from keras import ops, tree

from kerasseq.errors import DataError
from kerasseq.specs import UNKNOWN_ID, Signature


class Task(ABC):
    """Base of the tasks.

    Args:
        features: For each field how raw values become arrays and back.
    Attributes:
        fields: What an example has, in the order of the source's columns.
        input_fields: The fields that are read to give an answer.
        output_field: The field that an answer is of.
        measures: The names of `figures`, the loss first.
        carries_state: Whether a split's batches have to be scored one after the other.
    """

    fields: ClassVar[tuple[str, ...]]
    input_fields: ClassVar[tuple[str, ...]]
    output_field: ClassVar[str]
    measures: ClassVar[tuple[str, ...]]
    carries_state: ClassVar[bool] = False

    def __init__(self, features: Mapping[str, Any]):
        self.features = features

    @abstractmethod
    def build(self, **options: Any) -> keras.Model:
        """The model of a recipe's `model` section."""

    def rebuild(self, **options: Any) -> keras.Model:
        """The same, where trained weights are loaded next: what a new model starts from need not be there."""
        return self.build(**options)

    @abstractmethod
    def example(self, batch: Mapping[str, Any]) -> tuple[Any, Any]:
        """From a batch of the data stage to what `fit` takes: inputs and labels."""

    @abstractmethod
    def loss(self, label_smoothing: float = 0.0) -> keras.losses.Loss:
        """What training makes small."""

    def training_model(self, model: keras.Model, *, batch_size: int) -> keras.Model:
        """What `fit` runs: the model itself, unless states are carried from batch to batch."""
        return model

    def num_tokens(self, split: Any) -> int:
        """The tokens that a pass over a split reads or writes, which training's speed is counted in."""
        return split.num_tokens(self.output_field) + split.num_examples

    def loops(self, model: keras.Model, *, sampling: str | None) -> dict[str, str]:
        """What runs step by step, and why, for `explain`; `sampling` is the mode of scheduled sampling."""
        return {}

    def specs(self) -> dict[str, Any]:
        """The types and shapes of a batch: for each field a `Raw`, or several by name."""
        return {field: self.features[field].spec for field in self.fields}

    def initial_state(self, model: keras.Model, batch_size: int) -> Any:
        """What `score` carries from batch to batch of a split; nothing unless a task says otherwise."""
        return ()

    @abstractmethod
    def score(self, model: keras.Model, batch: Mapping[str, Any], state: Any) -> tuple[dict[str, Any], Any]:
        """How well the references are predicted, by name, (batch,) each, and the state for the next batch."""

    @abstractmethod
    def figures(self, sums: Mapping[str, float]) -> dict[str, float]:
        """The `measures` of a split, from the sums of what `score` gave."""

    def questions(self, split: Any) -> tuple[list[Any], list[Any]]:
        """What is asked of a split, as it was read, and what would be right, in the order of the file.

        Where examples are grouped, each question's right answers are a list.
        """
        inputs, references = split.texts(self.input_fields[0]), split.texts(self.output_field)
        if not split.is_grouped:
            return inputs, references
        firsts = first_places(inputs)
        return [inputs[place] for place in firsts], [
            references[start:end] for start, end in pairwise([*firsts, len(inputs)])
        ]

    def question_batches(self, split: Any) -> Iterator[tuple[Any, Mapping[str, Any]]]:
        """The questions in batches, encoded, each with the places of its rows among `questions`."""
        number_of = None
        if split.is_grouped:
            firsts = first_places(split.texts(self.input_fields[0]))
            number_of = {place: number for number, place in enumerate(firsts)}
        first = 0
        for batch in split.batches(seed=0, epoch=0, training=False):
            places = split.order[first : first + tree.flatten(batch)[0].shape[0]]
            first += len(places)
            if number_of is None:
                yield places, batch
            elif asked := [row for row, place in enumerate(places.tolist()) if place in number_of]:
                chosen = tree.map_structure(lambda part, rows=asked: ops.take(part, rows, axis=0), batch)
                yield [number_of[places[row]] for row in asked], chosen

    def inputs(self, given: Iterable[Any]) -> Iterable[Any]:
        """What `predict` is asked, from what it was given; the same, unless a task reads lines together."""
        return given

    def encode(self, inputs: list[Any]) -> dict[str, Any]:
        """A batch of raw inputs, encoded."""
        (field,) = self.input_fields
        return {field: self.features[field].encode(inputs)}

    def encode_examples(self, columns: Mapping[str, list[Any]]) -> dict[str, Any]:
        """A batch of raw examples, encoded as the data stage would."""
        return {field: self.features[field].encode(column) for field, column in columns.items()}

    def stops(self, decoder: Any) -> dict[str, Any]:
        """The argument of a decoder's call that says which texts, beside `</s>`, end an output.

        Raises:
            DataError: If the vocabulary does not have the tokens of such a text.
        """
        texts = getattr(decoder, "stop", ())
        if not texts:
            return {}
        sequences = self.features[self.output_field].ids_of(texts)
        for text, ids in zip(texts, sequences, strict=True):
            if not ids or UNKNOWN_ID in ids:
                message = f"`decode.stop` has {text!r}, which the vocabulary has no tokens for"
                raise DataError(f"{message}.\n  fix: take it out, or another tokenizer")
        return {"stop_ids": sequences}

    @abstractmethod
    def respond(
        self, model: keras.Model, encoded: Mapping[str, Any], decoder: Any, *, detailed: bool = False
    ) -> dict[str, Any]:
        """The answers to a batch of encoded inputs, as tensors; `detailed` adds what a report shows."""

    @abstractmethod
    def present(self, encoded: Mapping[str, Any], answers: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """For each row the answer as people read it: `prediction`, `score` and more, ready for JSON.

        Args:
            encoded: What `respond` was given, as NumPy arrays.
            answers: What it returned, as NumPy arrays.
        """

    @abstractmethod
    def signatures(self, model: keras.Model, decoder: Any) -> dict[str, Signature]:
        """What a SavedModel answers to, by name: from raw inputs to answers, in one graph."""


def first_places(inputs: Sequence[Any]) -> list[int]:
    """Where each run of the same input begins."""
    runs = groupby(range(len(inputs)), key=inputs.__getitem__)
    return [next(places) for _, places in runs]
