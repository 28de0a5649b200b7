"""Token ids on disk, made once for each combination of files, options and vocabulary."""

from __future__ import annotations

import hashlib
import json
import os
import unicodedata
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from kerasseq.data.cache_folder import CACHE_VARIABLE
from kerasseq.data.faults import data_error
from kerasseq.data.tokenizing import batches_of_texts
from kerasseq.run_folder import write_json, write_whole

LAYOUT = 3
READ_AT_ONCE = 64  # files whose content is held in memory


class Column:
    """The ids of one field, read from their file when they are asked for.

    Plain reads, because the pages of a mapped file would count as this process's memory once they are read.

    Args:
        path: The ids of all examples in a row, without markers.
        dtype: Of an id in the file.
        offsets: Where each value begins, counted in ids, and the end of the last one.
        places: For each example which value it has, where values that come again are kept once; else example
            by example.
    """

    def __init__(self, path: Path, dtype: str, offsets: np.ndarray, places: np.ndarray | None = None):
        self.offsets = offsets
        self.num_examples = len(offsets) - 1 if places is None else len(places)
        self._places = places
        self._dtype = np.dtype(dtype)
        self._file = os.open(path, os.O_RDONLY)
        weakref.finalize(self, os.close, self._file)

    def lengths(self, rows: np.ndarray) -> np.ndarray:
        """Tokens of each example asked for."""
        starts, ends = self._range(rows)
        return (ends - starts).astype(np.int32)

    def take(self, rows: np.ndarray) -> np.ndarray:
        """The ids of the examples asked for, in a row, (tokens,)."""
        return self.between(*self._range(rows))

    def _range(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        places = rows if self._places is None else self._places[rows]
        return self.offsets[places], self.offsets[places + 1]

    def between(self, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """The ids from each start to its end, exclusive, in a row; places are counted from the first id."""
        size = self._dtype.itemsize
        places = zip((starts * size).tolist(), (ends * size).tolist(), strict=True)
        pieces = [os.pread(self._file, end - start, start) for start, end in places]
        return np.frombuffer(b"".join(pieces), self._dtype)


class Tokens(NamedTuple):
    """A split as it lies in the cache."""

    columns: dict[str, Column]
    skipped: int


def checksum(path: Path) -> str:
    """SHA-256 of a file's content: a size and a time can stay the same when a file changes.

    That of a folder is of its own name, which may be a class, and of the names and contents of the files in
    it, hidden ones left out.
    """
    digest = hashlib.sha256()
    if path.is_dir():
        digest.update(f"{path.name}\0".encode())
        for file in sorted(path.iterdir()):
            if file.is_file() and not file.name.startswith("."):
                digest.update(f"{file.name}\0{checksum(file)}\0".encode())
        return digest.hexdigest()
    with path.open("rb") as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def key_of(**parts: Any) -> str:
    """A name for what is made from `parts`; another layout or Unicode version makes another name."""
    whole = {"layout": LAYOUT, "unicode": unicodedata.unidata_version, **parts}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:32]


def vocabulary_checksum(vocabulary: list[str]) -> str:
    """SHA-256 of a vocabulary."""
    return hashlib.sha256("\0".join(vocabulary).encode()).hexdigest()


@contextmanager
def writing_to(folder: Path) -> Iterator[None]:
    """Tells a user whose disk is full or read-only what to do."""
    try:
        yield
    except OSError as error:
        fix = f"set {CACHE_VARIABLE}, or `data.cache_folder`, to a folder with room"
        raise data_error(f"cannot be written: {error.strerror}", place=folder, fix=fix) from error


class Encoder:
    """Turns the texts of one field into ids in the graph, which is traced once for all splits.

    What texts only point to, such as pictures, the feature's `read` gives instead.

    Args:
        feature: A feature that has learned what it needs.
        lines: Whether line feeds are tokens, of running text.
    """

    def __init__(self, feature: Any, *, lines: bool = False):
        self.dtype = feature.dtype
        self._number = np.dtype(feature.dtype).base  # "(3,)int32" says that a value is a row of three
        self.repeats = getattr(feature, "repeats", False)
        self._check = feature.check
        self._read = getattr(feature, "read", None)
        self.reads = self._read is not None
        if not self.reads:
            # Outside of a graph: thousands of texts at a time make its operations cheaper than its tracing.
            self._encode = feature.encode_lines if lines else feature.encode_ragged

    def __call__(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The ids of all texts in a row, and where each text ends, from 0.

        Raises:
            UnusableValue: At a text that the feature cannot take.
        """
        self._check(texts)
        if self.reads:
            values, ends = self._read(texts)
            return values.astype(self._number, copy=False), ends
        encoded = self._encode(tf.constant(texts))
        return encoded.flat_values.numpy().astype(self._number), encoded.row_splits.numpy()[1:]


def cached_tokens(
    folder: Path, encoders: Mapping[str, Encoder], read: Callable[..., Iterator[tuple[str, ...]]]
) -> Tokens:
    """Reads a split from the cache, or makes it there first.

    Args:
        folder: The split's own folder in the cache.
        encoders: One for each field, in the order of the examples' texts.
        read: Streams the examples, calling `on_skip` for each line that is skipped.
    Raises:
        DataError: If the folder cannot be written.
    """
    if not folder.is_dir():
        with writing_to(folder):
            try:
                write_whole(folder, lambda fresh: _write(fresh, encoders, read))
            except OSError:
                if not folder.is_dir():  # else another process made the same
                    raise
    return _read(folder, list(encoders))


def _write(
    folder: Path, encoders: Mapping[str, Encoder], read: Callable[..., Iterator[tuple[str, ...]]]
) -> None:
    folder.mkdir(parents=True)
    skipped: list[Any] = []
    with ExitStack() as stack:
        writers = {
            field: stack.enter_context(_ColumnWriter(folder / field, encoder))
            for field, encoder in encoders.items()
        }
        for batch in batches_of_texts(
            read(on_skip=skipped.append), length=lambda texts: sum(map(len, texts))
        ):
            for writer, texts in zip(writers.values(), zip(*batch, strict=True), strict=True):
                writer.add(texts)
    dtypes = {field: encoder.dtype for field, encoder in encoders.items()}
    write_json(folder / "split.json", {"skipped": len(skipped), "dtypes": dtypes})


class _ColumnWriter:
    """Writes a field's ids, where each value begins and, where values come again, which each example has."""

    def __init__(self, path: Path, encoder: Encoder):
        self._encoder = encoder
        self._end = 0
        self._place_of: dict[str, int] = {}
        self._ids = path.with_name(f"{path.name}.ids").open("wb")
        self._offsets = path.with_name(f"{path.name}.offsets").open("wb")
        self._places = path.with_name(f"{path.name}.places").open("wb") if encoder.repeats else None
        np.zeros(1, np.int64).tofile(self._offsets)

    def __enter__(self) -> _ColumnWriter:
        return self

    def __exit__(self, *unused: Any) -> None:
        for file in (self._ids, self._offsets, self._places):
            if file is not None:
                file.close()

    def add(self, texts: Sequence[str]) -> None:
        if self._places is not None:
            new = [text for text in dict.fromkeys(texts) if text not in self._place_of]
            first = len(self._place_of)
            self._place_of.update((text, first + place) for place, text in enumerate(new))
            np.array([self._place_of[text] for text in texts], np.int64).tofile(self._places)
            texts = new
        step = READ_AT_ONCE if self._encoder.reads else max(len(texts), 1)
        for first in range(0, len(texts), step):
            flat, ends = self._encoder(texts[first : first + step])
            flat.tofile(self._ids)
            (ends + self._end).astype(np.int64).tofile(self._offsets)
            self._end += int(ends[-1])


def _read(folder: Path, fields: list[str]) -> Tokens:
    split = json.loads((folder / "split.json").read_text("utf-8"))
    columns = {}
    for field in fields:
        offsets = np.memmap(folder / f"{field}.offsets", np.int64, mode="r")
        repeated = folder / f"{field}.places"
        places = np.memmap(repeated, np.int64, mode="r") if repeated.exists() else None
        columns[field] = Column(folder / f"{field}.ids", split["dtypes"][field], offsets, places)
    return Tokens(columns, split["skipped"])


def rows_of(examples: Iterator[tuple[str, ...]], rows: np.ndarray) -> Iterator[tuple[str, ...]]:
    """The examples at the given, rising places of a stream."""
    wanted = iter(rows.tolist())
    next_row = next(wanted, None)
    for row, example in enumerate(examples):
        if row == next_row:
            yield example
            next_row = next(wanted, None)
