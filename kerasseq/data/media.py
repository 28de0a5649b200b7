"""What the features share whose values are files: nothing is learned, and the content is what counts."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from kerasseq.run_folder import write_text


class MediaFeature(tf.Module):
    """Base of features whose values are paths; a subclass gives `layout`, `dtype` and `of_file`.

    Attributes:
        medium: `audio`, `image` or `video`.
        repeats: A file that stands in several examples is kept once.
        max_length: No example is too long, unless a subclass says so.
        most_ids: There are no ids.
        size_option: Nothing limits them.
        checksum: Of what was learned, which is nothing.
    """

    medium: str
    repeats = True
    max_length: int | None = None
    most_ids = None
    size_option = ()
    checksum = ""
    layout: Any
    dtype: str

    def __init__(self, **options: Any):
        super().__init__()
        self._options = tuple(options.items())  # TensorFlow would wrap a mapping, and JSON not take it

    @property
    def options(self) -> dict[str, Any]:
        """What decides which values a file becomes, for the cache's key."""
        return dict(self._options)

    @property
    def spec(self) -> Any:
        """What a batch of it is."""
        return self.layout.spec

    def shown_length(self, length: int) -> str:
        """The length of an example's values as people would say it."""
        raise NotImplementedError

    def limit(self, length: int) -> str:
        """The option that leaves longer training examples out; none unless a subclass has one."""
        return ""

    def learn(self, texts: Iterable[str]) -> None:
        """Learns nothing."""

    def save(self, path: Path) -> None:
        """Writes an empty file, so that a run's folder has one for each field."""
        write_text(Path(path), "")

    def load(self, path: Path) -> None:
        """Reads nothing: there is nothing that was learned."""

    def check(self, texts: Iterable[str]) -> None:
        """Takes every path: what is wrong with a file is found when it is read."""

    def of_file(self, path: str) -> np.ndarray:
        """The values of one file, in a row.

        Raises:
            UnusableValue: If it cannot be used.
        """
        raise NotImplementedError

    def read(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """The values of all files in a row, and where each file's end, from 0.

        Raises:
            UnusableValue: At a file that cannot be used.
        """
        found = [self.of_file(text) for text in texts]
        return np.concatenate(found).astype(self.dtype), np.cumsum([len(values) for values in found])

    def encode(self, texts: Any) -> Any:
        """A batch from paths, as the layout assembles it.

        Raises:
            UnusableValue: At a file that cannot be used.
        """
        values, ends = self.read([_as_text(text) for text in np.asarray(texts).ravel().tolist()])
        return self.layout.assemble(values, np.diff(ends, prepend=0).astype(np.int32), 1)


def _as_text(path: str | bytes) -> str:
    return path.decode() if isinstance(path, bytes) else os.fspath(path)
