"""A field that holds one class."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

import tensorflow as tf

from kerasseq.data.faults import UnusableValue, data_error
from kerasseq.data.layout import OneValue
from kerasseq.data.token_cache import vocabulary_checksum
from kerasseq.data.vocabulary import escape, id_dtype, read_vocabulary
from kerasseq.errors import did_you_mean
from kerasseq.registry import register
from kerasseq.run_folder import write_text
from kerasseq.specs import PositiveFloat, check_arguments

COUNT = "\t"  # between a class and its count; never within a class, where it is escaped


@register("feature")
class LabelFeature(tf.Module):
    """One class an example, as its place among all classes, which are sorted by name.

    A tf.Module: a SavedModel that uses it carries its classes.

    Args:
        class_weights: How much an example of each class counts in the training loss: `balanced` makes all
            classes count the same, however many examples they have; a class that a mapping lacks has 1.
    Attributes:
        layout: How it stands in a batch.
        spec: What a batch of it is.
        max_length: No example is too long.
        most_ids: Only data say how many classes there are.
        size_option: Nothing limits them.
    """

    layout = OneValue()
    spec = layout.spec
    max_length = None
    most_ids = None
    size_option = ()
    options = {"type": "label"}

    def __init__(self, *, class_weights: Literal["balanced"] | dict[str, PositiveFloat] | None = None):
        super().__init__()
        is_mapping = isinstance(class_weights, dict)
        if not is_mapping:
            check_arguments(LabelFeature.__init__, class_weights=class_weights)
        elif min(class_weights.values(), default=1.0) <= 0:
            raise ValueError(f"`class_weights` must be positive. Received: class_weights={class_weights!r}")
        self._weighting = tuple(class_weights.items()) if is_mapping else class_weights
        self._counts: tuple[tuple[str, int], ...] = ()
        self._names = None
        self._place_of_class = None

    @property
    def vocabulary(self) -> list[str]:
        """The classes; the place of each is its id."""
        return [name for name, _ in self._counts]

    @property
    def vocabulary_size(self) -> int:
        """How many classes there are."""
        return len(self._counts)

    @property
    def dtype(self) -> str:
        """Of its ids on disk."""
        return id_dtype(self.vocabulary_size)

    @property
    def checksum(self) -> str:
        """SHA-256 of what it learned, for the cache's key."""
        return vocabulary_checksum(self.vocabulary)

    @property
    def class_weights(self) -> list[float] | None:
        """The weight of each class in the training loss; None where all weigh the same.

        Raises:
            DataError: If a weight is given for a class that there is not.
        """
        if self._weighting is None:
            return None
        if self._weighting == "balanced":
            total = sum(count for _, count in self._counts)
            return [total / (len(self._counts) * count) for _, count in self._counts]
        given, classes = dict(self._weighting), self.vocabulary
        for name in given:
            if name not in classes:
                message = f"`class_weights` names {name!r}, which is no class of the training split"
                raise data_error(message, allowed=tuple(classes), fix=did_you_mean(name, classes))
        return [given.get(name, 1.0) for name in classes]

    def learn(self, texts: Iterable[str]) -> None:
        """Takes the classes, and how often each stands there, from a stream of labels.

        Raises:
            DataError: If there are fewer than two.
        """
        counts = sorted(Counter(texts).items())
        if len(counts) < 2:
            found = f"only one class, {counts[0][0]!r}" if counts else "no class at all"
            fix = "check which column, key or folder the labels are read from"
            raise data_error(f"the training split has {found}", fix=fix)
        self._set(counts)

    def save(self, path: Path) -> None:
        """Writes the classes and their counts as plain text, one a line."""
        lines = (f"{escape(name)}{COUNT}{count}\n" for name, count in self._counts)
        write_text(Path(path), "".join(lines))

    def load(self, path: Path) -> None:
        """Reads what `save` wrote.

        Raises:
            DataError: Names the file and line of what is wrong.
        """
        lines = read_vocabulary(Path(path), first=())
        found = []
        for number, line in enumerate(lines, 1):
            name, _, count = line.rpartition(COUNT)
            if not name or not count.isdecimal():
                fix = "a line is a class, a tab and how often it stands in the training split"
                message = f"expected a class and its count, found {line!r}"
                raise data_error(message, place=f"{path}:{number}", fix=fix)
            found.append((name, int(count)))
        self._set(found)

    def _set(self, counts: Iterable[tuple[str, int]]) -> None:
        self._counts = tuple(counts)
        self._names = tf.constant(self.vocabulary)
        ids = tf.range(self.vocabulary_size, dtype=tf.int64)
        entries = tf.lookup.KeyValueTensorInitializer(self._names, ids)
        self._place_of_class = tf.lookup.StaticHashTable(entries, default_value=-1)

    def check(self, texts: Iterable[str]) -> None:
        """Holds that each is a class.

        Raises:
            UnusableValue: At the first that is none.
        """
        classes = self.vocabulary
        known = set(classes)
        for text in texts:
            if text not in known:
                message = f"{text!r} is no class of the training split"
                raise UnusableValue(text, message, allowed=tuple(classes), fix=did_you_mean(text, classes))

    def encode_ragged(self, texts: tf.Tensor) -> tf.RaggedTensor:
        """One id each, (batch,) strings to (batch, ragged) int32."""
        return tf.RaggedTensor.from_uniform_row_length(self._looked_up(texts), 1)

    def encode(self, texts: tf.Tensor) -> tf.Tensor:
        """Ids, (batch,) strings to (batch,) int32.

        Raises:
            DataError: At a text that is no class; in a graph TensorFlow's own error.
        """
        texts = tf.convert_to_tensor(texts)
        if tf.executing_eagerly():
            self.check(text.decode() for text in texts.numpy().tolist())
        ids = self._looked_up(texts)
        message = f"a label must be one of {', '.join(self.vocabulary)}"
        with tf.control_dependencies([tf.debugging.assert_non_negative(ids, message=message)]):
            return tf.identity(ids)

    def _looked_up(self, texts: tf.Tensor) -> tf.Tensor:
        return tf.cast(self._place_of_class.lookup(texts), tf.int32)

    def decode(self, ids: tf.Tensor) -> tf.Tensor:
        """The classes' names, integers to strings of the same shape."""
        return tf.gather(self._names, ids)
