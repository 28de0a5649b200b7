"""One split of the data: shuffled and gathered into batches of like length, from values on disk."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from kerasseq.data.read_ahead import read_ahead
from kerasseq.data.token_cache import Column

POOL_BATCHES = 256
CHUNK = 4096


class Split:
    """Examples of one split, in the order of their file.

    Only indices are shuffled; values stay on disk until their batch is made: memory grows with neither.

    Args:
        columns: The values of each field.
        layouts: For each field how its values stand in a batch; see `layout.py`.
        rows: The examples that are kept, rising places in the columns.
        batch_size: Examples a batch; the last batch may be smaller.
        length_bucket_width: Batches are padded to a multiple of this many tokens, markers included.
        shuffle: Whether training visits examples in a new order each epoch.
        read: Gives the kept examples' texts, a text for each field, in order.
        is_grouped: Whether examples of one input, which stand next to each other, are one question that has
            several right answers.
    """

    is_of_examples = True

    def __init__(
        self,
        *,
        columns: Mapping[str, Column],
        layouts: Mapping[str, Any],
        rows: np.ndarray,
        batch_size: int,
        length_bucket_width: int,
        shuffle: bool,
        read: Callable[[], Iterator[tuple[str, ...]]],
        is_grouped: bool = False,
    ):
        self.fields = tuple(columns)
        self.num_examples = len(rows)
        self.steps = -(-len(rows) // batch_size)
        self._columns = dict(columns)
        self._layouts = {field: layouts[field] for field in columns}
        self._rows = rows
        self.batch_size = batch_size
        self._width = length_bucket_width
        self._shuffle = shuffle
        self._read = read
        self.is_grouped = is_grouped

    def examples(self) -> Iterator[tuple[str, ...]]:
        """Streams the kept examples, a text for each field, as they stand in the file, stripped."""
        return self._read()

    def texts(self, field: str) -> list[str]:
        """The texts of one field of `examples`."""
        place = self.fields.index(field)
        return [example[place] for example in self.examples()]

    def values(self, field: str) -> Iterator[np.ndarray]:
        """Streams the values of each of `examples` in a field, without markers."""
        return (self._columns[field].take(row) for row in np.split(self._rows, self.num_examples))

    def lengths(self, field: str) -> np.ndarray:
        """Tokens of each example in a field, without markers, (num_examples,)."""
        return self._columns[field].lengths(self._rows)

    def num_tokens(self, field: str) -> int:
        """Tokens of all examples in a field, without markers."""
        return int(self.lengths(field).sum(dtype=np.int64))

    def num_unknown(self, field: str) -> int:
        """How many of them are unknown."""
        unknown_id = self._layouts[field].unknown_id
        if unknown_id is None:
            return 0
        chunks = (self._rows[first : first + CHUNK] for first in range(0, self.num_examples, CHUNK))
        taken = (self._columns[field].take(rows) for rows in chunks)
        return sum(np.count_nonzero(values.reshape(len(values), -1)[:, 0] == unknown_id) for values in taken)

    def only(self, places: Sequence[int]) -> Split:
        """A split of a few examples, each once an epoch, in one batch, in the order of the file."""
        chosen = set(places)
        return Split(
            columns=self._columns,
            layouts=self._layouts,
            rows=self._rows[sorted(chosen)],
            batch_size=len(chosen),
            length_bucket_width=self._width,
            shuffle=False,
            read=lambda: (example for place, example in enumerate(self._read()) if place in chosen),
        )

    @cached_property
    def order(self) -> np.ndarray:
        """The example that each row of `batches(training=False)` is, rows counted through all batches.

        The longest come first: what memory they need shows at once, and batches that are seen to side by side
        end together.

        `result[split.order] = rows` puts what was computed row by row back into the file's order.
        """
        lengths = [self._columns[field].lengths(self._rows) for field in reversed(self.fields)]
        return np.lexsort(lengths)[::-1]

    def batches(self, *, seed: int, epoch: int, training: bool, skip: int = 0) -> tf.data.Dataset:
        """Every example once, as a dictionary of what each field's layout makes of a batch.

        Args:
            seed: Of the run, not negative; with `epoch` it alone decides the order of training.
            epoch: Counted from 0.
            training: Whether to shuffle; else examples come in `order`, by length.
            skip: Batches to leave out at the start, to resume within an epoch.
        Returns:
            A dataset of `steps - skip` batches, prefetched.
        """

        return self._dataset(lambda: self._batched(seed, epoch, training, skip), max(self.steps - skip, 0))

    def epochs(self, *, seed: int, first: int, last: int, skip: int = 0) -> tf.data.Dataset:
        """The training batches of the epochs from `first` to `last`, exclusive, one after the other.

        The first epoch lacks the `skip` batches at its start.
        """

        def make() -> Iterator[np.ndarray]:
            for epoch in range(first, last):
                yield from self._batched(seed, epoch, True, skip if epoch == first else 0)

        return self._dataset(make, self.steps * (last - first) - skip)

    def _dataset(self, make: Callable[[], Iterator[np.ndarray]], num_batches: int) -> tf.data.Dataset:
        specs = {field: layout.spec for field, layout in self._layouts.items()}
        shapes = keras.tree.map_structure(lambda raw: tf.TensorSpec(raw.shape, raw.dtype), specs)
        batches = tf.data.Dataset.from_generator(
            lambda: (self._assemble(self._rows[examples]) for examples in make()), output_signature=shapes
        )
        return read_ahead(batches, num_batches)

    def _batched(self, seed: int, epoch: int, training: bool, skip: int) -> Iterator[np.ndarray]:
        """The examples of each batch."""
        size = self.batch_size
        if not training or not self._shuffle:
            order = np.arange(self.num_examples) if training else self.order
            yield from (order[first : first + size] for first in range(skip * size, len(order), size))
            return
        order = np.arange(self.num_examples, dtype=np.uint32)
        np.random.default_rng((seed, epoch)).shuffle(order)
        for pool in range(skip // POOL_BATCHES, -(-self.steps // POOL_BATCHES)):
            examples = order[pool * POOL_BATCHES * size : (pool + 1) * POOL_BATCHES * size]
            examples = examples[self._by_width(examples)]
            batches = [examples[first : first + size] for first in range(0, len(examples), size)]
            turns = np.random.default_rng((seed, epoch, pool)).permutation(len(batches))
            yield from (batches[turn] for turn in turns[max(skip - pool * POOL_BATCHES, 0) :])

    def _by_width(self, examples: np.ndarray) -> np.ndarray:
        """Sorts by the last field's padded width, for a decoder's steps cost the most; then by the others.

        From one width to the next the other fields' lengths rise and fall in turn, so that a batch that spans
        two widths holds like lengths still.
        """
        rows = self._rows[examples]
        *others, last = (self._columns[field].lengths(rows).astype(np.int64) for field in self.fields)
        widths = self._layouts[self.fields[-1]].widths(last, self._width)
        turn = np.where(widths // self._width % 2, 1, -1)
        return np.lexsort([*(length * turn for length in reversed(others)), widths])

    def _assemble(self, rows: np.ndarray) -> dict[str, Any]:
        return {
            field: self._layouts[field].assemble(column.take(rows), column.lengths(rows), self._width)
            for field, column in self._columns.items()
        }
