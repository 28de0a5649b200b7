"""Running text as ids on disk: `<s> ids </s>` for each document, one after the other."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np

from kerasseq.data.token_cache import Column, Encoder, writing_to
from kerasseq.data.tokenizing import batches_of_texts
from kerasseq.run_folder import write_json, write_whole
from kerasseq.specs import END_ID, START_ID

IDS, OFFSETS, SPLIT = "text.ids", "text.offsets", "stream.json"


class Stream(NamedTuple):
    """A split as it lies in the cache; the examples of its column are documents with both markers."""

    column: Column
    skipped: int


def cached_stream(folder: Path, encode: Encoder, pieces: Callable[..., Iterator[tuple[str, bool]]]) -> Stream:
    """Reads a split from the cache, or makes it there first.

    Args:
        folder: The split's own folder in the cache.
        encode: Made with `lines=True`.
        pieces: Streams texts, each with whether a document begins with it, calling `on_skip` for each line
            that is skipped.
    Raises:
        DataError: If the folder cannot be written.
    """
    if not folder.is_dir():
        with writing_to(folder):
            try:
                write_whole(folder, lambda fresh: _write(fresh, encode, pieces))
            except OSError:
                if not folder.is_dir():  # else another process made the same
                    raise
    found = json.loads((folder / SPLIT).read_text("utf-8"))
    offsets = np.memmap(folder / OFFSETS, np.int64, mode="r")
    return Stream(Column(folder / IDS, found["dtype"], offsets), found["skipped"])


def _write(folder: Path, encode: Encoder, pieces: Callable[..., Iterator[tuple[str, bool]]]) -> None:
    folder.mkdir(parents=True)
    skipped: list[Any] = []
    with (folder / IDS).open("wb") as ids, (folder / OFFSETS).open("wb") as offsets:
        documents = _Documents(ids, offsets, encode.dtype)
        for batch in batches_of_texts(pieces(on_skip=skipped.append), length=lambda piece: len(piece[0])):
            texts, begins = zip(*batch, strict=True)
            documents.add(*encode(texts), np.array(begins))
        documents.end()
    write_json(folder / SPLIT, {"skipped": len(skipped), "dtype": encode.dtype})


class _Documents:
    """Writes ids with markers, and where each document begins."""

    def __init__(self, ids: BinaryIO, offsets: BinaryIO, dtype: str):
        self._ids = ids
        self._offsets = offsets
        self._dtype = dtype
        self._written = 0
        self._last = END_ID  # nothing is to be ended yet

    def add(self, flat: np.ndarray, ends: np.ndarray, begins: np.ndarray) -> None:
        """Adds the ids of some pieces in a row, where each ends, and whether a document begins with it."""
        starts = np.concatenate([[0], ends[:-1]])[begins]
        is_after_end = np.concatenate([[self._last], flat])[starts] == END_ID
        is_after_end[1:] &= np.diff(starts) > 0  # else the document before is empty, and only begun
        markers = np.array([END_ID, START_ID])
        is_needed = np.stack([~is_after_end, np.ones_like(is_after_end)], axis=1)
        where = np.repeat(starts, 2).reshape(-1, 2)[is_needed]
        framed = np.insert(flat, where, np.broadcast_to(markers, is_needed.shape)[is_needed])
        added_before = np.cumsum(is_needed.sum(axis=1)) - 1  # all markers but the `<s>` itself
        (starts + added_before + self._written).astype(np.int64).tofile(self._offsets)
        framed.astype(self._dtype).tofile(self._ids)
        self._written += len(framed)
        self._last = int(framed[-1]) if len(framed) else self._last

    def end(self) -> None:
        """Ends the last document."""
        if self._last != END_ID:
            np.array([END_ID], self._dtype).tofile(self._ids)
            self._written += 1
        np.array([self._written], np.int64).tofile(self._offsets)
