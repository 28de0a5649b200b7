"""Texts whose unknown words are told apart, on their way into a copying model and back out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from keras import ops

from kerasseq.layers.copying import numbered, numbered_alike, pointed_at


def open_ids(batch: Mapping[str, Any], vocabulary_size: int) -> tuple[Any, Any]:
    """A batch's source and target, the unknown words of each source numbered behind the vocabulary.

    Args:
        batch: `source` and `target`, each with its `ids`.
        vocabulary_size: Where the vocabulary, which both share, ends.
    """
    source, target = batch["source"]["ids"], batch["target"]["ids"]
    return numbered(source, vocabulary_size), numbered_alike(target, source, vocabulary_size)


def copies_shown(tokens: Any, source: Any, vocabulary_size: int) -> Any:
    """Hypotheses that say where in the source their unknown words stand, (batch, n_best, time).

    Args:
        tokens: As they were decoded, alike.
        source: What was read, from `numbered`, (batch, source_time).
        vocabulary_size: Where the vocabulary ends.
    """
    shape = ops.shape(tokens)
    flat = ops.reshape(tokens, (shape[0], shape[1] * shape[2]))
    return ops.reshape(pointed_at(flat, source, vocabulary_size), shape)


def with_texts(
    batches: Iterable[tuple[Any, Mapping[str, Any]]], field: str, texts: list[str]
) -> Iterator[tuple[Any, Mapping[str, Any]]]:
    """Batches of questions with the texts of a field beside its ids.

    Args:
        batches: From `Task.question_batches`.
        field: The field, which is open text.
        texts: All questions, as they were read.
    """
    for places, batch in batches:
        asked = np.array([texts[place] for place in places], object)
        yield places, {**batch, field: {**batch[field], "text": asked}}
