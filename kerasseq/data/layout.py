"""How the values of one field, of any length in each example, stand in a batch.

A feature has a layout: the cache and the split know values and lengths only. A layout gives

- `spec`: the type and shape of a batch of it, or of each part by name where a batch has several;
- `unknown_id`: the value that stands for what was not seen in training, or None; where a value is a row of
  numbers, its first one;
- `widths(lengths, step)`: how far each example would be padded, which batches of like length are made by;
- `assemble(values, lengths, step)`: the batch, or its parts by name, from its examples' values in a row.
"""

from __future__ import annotations

import numpy as np

from kerasseq.specs import END_ID, PAD_ID, START_ID, UNKNOWN_ID, Raw

MARKERS = 2


class MarkedTokens:
    """`<s> ids </s>`, padded on the right to a multiple of `step`: (batch, time) int32."""

    spec = Raw("int32", (None, None))
    unknown_id = UNKNOWN_ID

    def widths(self, lengths: np.ndarray, step: int) -> np.ndarray:
        return -(-(lengths.astype(np.int64) + MARKERS) // step) * step

    def assemble(self, values: np.ndarray, lengths: np.ndarray, step: int) -> np.ndarray:
        ids = np.full((len(lengths), self.widths(lengths.max(), step)), PAD_ID, np.int32)
        ids[:, 0] = START_ID
        ids[:, 1:][np.arange(ids.shape[1] - 1) < lengths[:, None]] = values  # row by row
        ids[np.arange(len(lengths)), lengths + 1] = END_ID
        return ids


class OpenTokens(MarkedTokens):
    """`ids`, as `MarkedTokens` but with an id of its own for each unknown word, and an empty `text`.

    A value is a row: the token's id, and the one that tells it apart.
    """

    spec = {"ids": Raw("int32", (None, None)), "text": Raw("string", (None,))}

    def assemble(self, values: np.ndarray, lengths: np.ndarray, step: int) -> dict[str, np.ndarray]:
        ids = super().assemble(values[:, 1], lengths, step)
        return {"ids": ids, "text": np.full(len(lengths), "", object)}


class OneValue:
    """One value an example: (batch,) int32."""

    spec = Raw("int32", (None,))
    unknown_id = None

    def widths(self, lengths: np.ndarray, step: int) -> np.ndarray:
        return lengths.astype(np.int64)

    def assemble(self, values: np.ndarray, lengths: np.ndarray, step: int) -> np.ndarray:
        return values.astype(np.int32)


class Aligned:
    """One id for each word, padded on the right to a multiple of `step`: (batch, time) int32."""

    spec = Raw("int32", (None, None))
    unknown_id = UNKNOWN_ID

    def widths(self, lengths: np.ndarray, step: int) -> np.ndarray:
        return -(-lengths.astype(np.int64) // step) * step

    def assemble(self, values: np.ndarray, lengths: np.ndarray, step: int) -> np.ndarray:
        ids = np.full((len(lengths), self.widths(lengths.max(), step)), PAD_ID, np.int32)
        ids[np.arange(ids.shape[1]) < lengths[:, None]] = values  # row by row
        return ids


class WordsAndCharacters(Aligned):
    """`words`, as `Aligned`, and `characters`, (batch, time, characters), each word's as `<s> ids </s>`.

    A value is a row: the word's id, and the ids of its characters, padded with 0.
    """

    spec = {"words": Raw("int32", (None, None)), "characters": Raw("int32", (None, None, None))}

    def assemble(self, values: np.ndarray, lengths: np.ndarray, step: int) -> dict[str, np.ndarray]:
        words = super().assemble(values[:, 0], lengths, step)
        letters, sizes = values[:, 1:], np.count_nonzero(values[:, 1:], axis=1)
        marked = np.full((len(values), sizes.max(initial=0) + MARKERS), PAD_ID, np.int32)
        marked[:, 0] = START_ID
        marked[:, 1:-1] = letters[:, : marked.shape[1] - MARKERS]
        marked[np.arange(len(values)), sizes + 1] = END_ID
        characters = np.full((*words.shape, marked.shape[1]), PAD_ID, np.int32)
        characters[words != PAD_ID] = marked
        return {"words": words, "characters": characters}
