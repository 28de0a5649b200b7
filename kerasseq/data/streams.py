"""Running text in windows: every row of a batch reads on where it stopped, from document to document."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import tensorflow as tf

from kerasseq.data.cache_folder import cache_root
from kerasseq.data.faults import data_error
from kerasseq.data.prepare import (
    PreparedData,
    features_of,
    make_features,
    make_source,
    sums_of_files,
    with_vocabularies,
)
from kerasseq.data.read_ahead import read_ahead
from kerasseq.data.stream_cache import Stream, cached_stream
from kerasseq.data.stream_plan import Dealer
from kerasseq.data.token_cache import Encoder, key_of, vocabulary_checksum
from kerasseq.specs import PAD_ID, UNKNOWN_ID, Feature, PositiveInt, Source, Supplied, check_arguments

__all__ = ["StreamSplit", "features_of", "prepare_streams"]

FIELD = "text"
RESET = "reset"
STACK = 16
WIDTH_STEP = 8
CHUNK = 2**20
LONGEST_EXAMPLE = 2**16
MARKERS = 2


class StreamSplit:
    """Documents of one split, which the rows of a batch read on in, window after window.

    Ids stay on disk until their batch is made, so memory does not grow with text.

    Args:
        stream: The ids of all documents.
        batch_size: Rows of a batch in training.
        evaluation_batch_size: Rows of a batch where a split is measured.
        window: The most labels of a row in one batch.
        pieces: Gives the split's texts, in order, each with whether a document begins with it.
    """

    fields = (FIELD,)
    is_of_examples = False  # but of windows: long documents are no burden
    is_grouped = False

    def __init__(
        self,
        *,
        stream: Stream,
        batch_size: int,
        evaluation_batch_size: int,
        window: int,
        pieces: Callable[[], Iterator[tuple[str, bool]]],
    ):
        self.num_examples = len(stream.column.offsets) - 1
        self._column = stream.column
        self.batch_size = batch_size
        self._evaluation_batch_size = evaluation_batch_size
        self._window = window
        self._pieces = pieces

    @cached_property
    def _training(self) -> Dealer:
        return Dealer(offsets=self._column.offsets, num_rows=self.batch_size, window=self._window)

    @cached_property
    def _evaluation(self) -> Dealer:
        rows = self._evaluation_batch_size
        return Dealer(offsets=self._column.offsets, num_rows=rows, window=self._window)

    @property
    def steps(self) -> int:
        """Batches of an epoch of training."""
        return self._training.steps

    @property
    def order(self) -> np.ndarray:
        """The documents as `examples` gives them."""
        return np.arange(self.num_examples)

    def examples(self) -> Iterator[tuple[str]]:
        """Streams the documents' texts, of long ones the beginning, at most 65,536 characters."""
        text = ""
        for place, (piece, begins) in enumerate(self._pieces()):
            if begins and place:
                yield (text,)
            text = piece if begins else (text + piece if len(text) < LONGEST_EXAMPLE else text)
            text = text[:LONGEST_EXAMPLE]
        yield (text,)

    def texts(self, field: str) -> list[str]:
        """The texts of `examples`; the only field is `text`."""
        place = self.fields.index(field)
        return [example[place] for example in self.examples()]

    def documents(self) -> Iterator[np.ndarray]:
        """The ids of each document, `<s>` and `</s>` included."""
        return (self._column.take(np.array([place])) for place in range(self.num_examples))

    def lengths(self, field: str) -> np.ndarray:
        """Tokens of each document, without the `<s>` before it and the `</s>` at its end, (num_examples,)."""
        self.fields.index(field)
        return np.diff(self._column.offsets) - MARKERS

    def num_tokens(self, field: str) -> int:
        """Tokens of all documents, without these markers; `num_examples` more are labels."""
        self.fields.index(field)
        return int(self._column.offsets[-1]) - MARKERS * self.num_examples

    def num_unknown(self, field: str) -> int:
        """How many of them are unknown."""
        self.fields.index(field)
        total = int(self._column.offsets[-1])
        places = np.append(np.arange(0, total, CHUNK), total)
        pairs = zip(places[:-1, None], places[1:, None], strict=True)
        return sum(np.count_nonzero(self._column.between(*pair) == UNKNOWN_ID) for pair in pairs)

    def batches(self, *, seed: int, epoch: int, training: bool, skip: int = 0) -> tf.data.Dataset:
        """Every token of the split once as a label, but for the `<s>`.

        Args:
            seed: Of the run, not negative; with `epoch` it alone decides the order of training.
            epoch: Counted from 0.
            training: Whether to shuffle documents; else they come by length.
            skip: Batches to leave out at the start, to resume within an epoch.
        Returns:
            A prefetched dataset of dictionaries. `text`: (rows, time + 1) int32, inputs and, one to the
            right, labels; padded with 0, and as long as the longest row of the batch needs. `reset`: (rows,)
            bool, whether the row begins anew with an empty state; else it reads on where its last batch
            ended.
        """
        dealer = self._training if training else self._evaluation
        number = max(dealer.steps - skip, 0)
        return self._dataset(lambda: self._batches(seed, epoch, training, skip), number, training=training)

    def epochs(self, *, seed: int, first: int, last: int, skip: int = 0) -> tf.data.Dataset:
        """The training batches of the epochs from `first` to `last`, exclusive, one after the other.

        The first epoch lacks the `skip` batches at its start.
        """

        def make() -> Iterator[dict[str, np.ndarray]]:
            for epoch in range(first, last):
                yield from self._batches(seed, epoch, True, skip if epoch == first else 0)

        return self._dataset(make, self.steps * (last - first) - skip, training=True)

    def _dataset(
        self, make: Callable[[], Iterator[dict[str, np.ndarray]]], number: int, *, training: bool
    ) -> tf.data.Dataset:
        rows = self.batch_size if training else self._evaluation_batch_size
        stacks = tf.data.Dataset.from_generator(
            lambda: _stacked(make()),
            output_signature={
                FIELD: tf.TensorSpec((None, rows, None), tf.int32),
                RESET: tf.TensorSpec((None, rows), tf.bool),
            },
        )
        batches = stacks.prefetch(1).unbatch()
        return read_ahead(batches, number)

    def _batches(self, seed: int, epoch: int, training: bool, skip: int) -> Iterator[dict[str, np.ndarray]]:
        dealer = self._training if training else self._evaluation
        plan = dealer.plan(np.random.default_rng((seed, epoch)) if training else None)
        for step in range(skip, dealer.steps):
            firsts, ends, resets = plan.window(step)
            lengths = ends - firsts
            width = min(-(-(lengths.max() - 1) // WIDTH_STEP) * WIDTH_STEP, self._window)
            ids = np.full((len(lengths), width + 1), PAD_ID, np.int32)
            ids[np.arange(width + 1) < lengths[:, None]] = self._column.between(firsts, ends)  # row by row
            yield {FIELD: ids, RESET: resets}


def _stacked(batches: Iterator[dict[str, np.ndarray]]) -> Iterator[dict[str, np.ndarray]]:
    """Batches of one width together: handing them over costs more than making them."""
    for _, alike in itertools.groupby(batches, lambda batch: batch[FIELD].shape):
        while some := list(itertools.islice(alike, STACK)):
            yield {name: np.stack([batch[name] for batch in some]) for name in (FIELD, RESET)}


def prepare_streams(
    *,
    source: Source,
    features: dict[str, Feature] | None = None,
    batch_size: PositiveInt = 32,
    window: PositiveInt = 64,
    evaluation_batch_size: PositiveInt | None = None,
    cache_folder: str | None = None,
    fields: Supplied[Sequence[str]] = (FIELD,),
    folders: Supplied[Sequence[Path] | None] = None,
    vocabulary_folder: Supplied[Path | None] = None,
    splits: Supplied[Sequence[str] | None] = None,
) -> PreparedData:
    """Reads, tokenises and caches running text.

    A document is `<s>`, its tokens and `</s>`. Where the tokenizer takes line ends for white space, each
    line within a document ends with `</s>` as well.

    Args:
        source: Where text comes from.
        features: How the one field, `text`, becomes ids; words if not given.
        batch_size: Rows of a batch, each reading text of its own.
        window: The most tokens that a row reads on in one batch, and that gradients flow back through.
        evaluation_batch_size: Rows of a batch where a split is measured; null is `batch_size`. Fewer
            documents than rows are cut, and each row begins with an empty state; with 1 nothing is cut.
        cache_folder: Where token ids are kept for later runs; else $KERASSEQ_CACHE or ~/.cache/kerasseq.
        fields: The fields that the task reads.
        folders: Where relative paths are looked up.
        vocabulary_folder: A run's vocabulary: read where it is there, else learned and written.
        splits: Which splits to prepare; all that the source has unless given.
    Raises:
        DataError: If the data cannot be read as asked, or the source has no running text.
    """
    sizes = {"batch_size": batch_size, "window": window, "evaluation_batch_size": evaluation_batch_size}
    check_arguments(prepare_streams, **sizes)
    source = make_source(source, fields=fields, folders=folders)
    if not hasattr(source, "pieces"):
        message = "`data.source` has examples, not running text"
        raise data_error(message, fix="give `type: text`, or a model that reads examples")
    made = make_features(features, fields=fields)
    if made[FIELD].max_length is not None:
        message = "`data.features.text.max_length` does not go with running text, which is read in windows"
        raise data_error(message, fix="remove it; `data.window` is how far a batch reads")
    wanted = [split for split in source.splits if splits is None or split in splits]
    cache = cache_root(cache_folder)
    checksums = with_vocabularies(source, made, wanted, cache=cache, folder=vocabulary_folder)
    prepared = PreparedData(features=made, checksums=functools.reduce(dict.__or__, checksums.values(), {}))
    encode = Encoder(made[FIELD], lines=True)
    made_of = [made[FIELD].options, vocabulary_checksum(made[FIELD].vocabulary)]
    sizes["evaluation_batch_size"] = evaluation_batch_size or batch_size
    for name in wanted:
        files = sums_of_files(source, name, checksums)
        key = key_of(files=files, source=source.options(name), stream=made_of)
        pieces = functools.partial(source.pieces, name)
        stream = cached_stream(cache / "streams" / key, encode, pieces)
        split = StreamSplit(stream=stream, pieces=pieces, **sizes)
        prepared.splits[name] = split
        read = split.num_examples + stream.skipped
        lost = {"dropped_too_long": 0, "skipped_bad_lines": stream.skipped}
        prepared.counts[name] = {"read": read, "kept": split.num_examples, **lost}
    return prepared
